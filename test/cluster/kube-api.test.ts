import { AuthorizationV1Api } from '@kubernetes/client-node';
import { createIds } from '@steppe/contracts/ids';
import { createClientKubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/client/client-kube-api';
import { describeKubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/conformance/kube-api-conformance';
import { kubeRoleRules } from '@steppe/control-plane/provisioner/kubernetes/api/kube-role';
import { systemClock } from '@steppe/service-kit/process/clock';
import { expect, test } from 'vitest';
import { createAccount } from './support/account.ts';
import { createNamespace } from './support/namespaces.ts';

/** As the control-plane: with the chart's Role and no other permission. */
describeKubeApi('client KubeApi on a real API server', {
  async open({ maxPods } = {}) {
    const namespace = await createNamespace('kapi', { maxPods });
    const load = await createAccount(namespace.name, kubeRoleRules);
    const ids = createIds(systemClock);
    const options = { load, namespace: namespace.name, clock: systemClock, ids };
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

test("the control-plane's account has exactly the permissions of its Role", async () => {
  const namespace = await createNamespace('role');
  try {
    const load = await createAccount(namespace.name, kubeRoleRules);
    const review = await load()
      .makeApiClient(AuthorizationV1Api)
      .createSelfSubjectRulesReview({ body: { spec: { namespace: namespace.name } } });
    const rules = (review.status?.resourceRules ?? [])
      // Everybody may review who they are and what they may do.
      .filter(({ apiGroups }) => !apiGroups?.every((group) => /^auth.*\.k8s\.io$/.test(group)))
      .map(({ apiGroups, resources, verbs }) => ({ apiGroups, resources, verbs }));
    expect(rules).toHaveLength(kubeRoleRules.length);
    expect(rules).toEqual(expect.arrayContaining(kubeRoleRules));
  } finally {
    await namespace.delete();
  }
});
