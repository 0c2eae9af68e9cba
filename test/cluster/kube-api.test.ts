import { createIds } from '@steppe/contracts/ids';
import { createClientKubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/client/client-kube-api';
import { describeKubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/conformance/kube-api-conformance';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createNamespace, loadAdmin } from './support/namespaces.ts';

describeKubeApi('client KubeApi on a real API server', {
  async open({ maxPods } = {}) {
    const namespace = await createNamespace('kapi', { maxPods });
    const ids = createIds(systemClock);
    const options = { load: loadAdmin, namespace: namespace.name, clock: systemClock, ids };
    const api = createClientKubeApi(options);
    return {
      api,
      async close() {
        await api.close();
        await namespace.delete();
      },
    };
  },
});
