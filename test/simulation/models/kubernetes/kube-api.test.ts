import { createIds } from '@steppe/contracts/ids';
import { describeKubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/conformance/kube-api-conformance';
import { Kernel } from '../../kernel/kernel.ts';
import { createSimulatedClock } from '../../kernel/simulated-clock.ts';
import { runInBackground } from '../../testing/run-in-background.ts';
import { createClusterModel } from './cluster-model.ts';
import { quietCluster } from './testing/quiet-cluster.ts';

describeKubeApi('the KubeApi of the simulated cluster', {
  async open({ maxPods } = {}) {
    const kernel = new Kernel({ seed: 1 });
    const clock = createSimulatedClock(kernel);
    const cluster = createClusterModel(kernel, { ...quietCluster, maxPods });
    const api = cluster.kubeApi({ clock, ids: createIds(clock) });
    const stop = runInBackground(kernel);
    return {
      api,
      forgetVersion: async () => cluster.forgetHistory(),
      async close() {
        await api.close();
        await stop();
      },
    };
  },
});
