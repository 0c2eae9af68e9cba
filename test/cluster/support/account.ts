import {
  CoreV1Api,
  KubeConfig,
  RbacAuthorizationV1Api,
  type V1PolicyRule,
} from '@kubernetes/client-node';
import { loadAdmin } from './namespaces.ts';

/**
 * Creates a service account with a Role of exactly these rules in the namespace.
 * @returns what logs in as it, with a token as pods get it.
 */
export async function createAccount(
  namespace: string,
  rules: V1PolicyRule[],
): Promise<() => KubeConfig> {
  const admin = loadAdmin();
  const core = admin.makeApiClient(CoreV1Api);
  const rbac = admin.makeApiClient(RbacAuthorizationV1Api);
  const metadata = { name: 'control-plane' };
  await core.createNamespacedServiceAccount({ namespace, body: { metadata } });
  await rbac.createNamespacedRole({ namespace, body: { metadata, rules } });
  await rbac.createNamespacedRoleBinding({
    namespace,
    body: {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', ...metadata },
      subjects: [{ kind: 'ServiceAccount', namespace, ...metadata }],
    },
  });
  const { status } = await core.createNamespacedServiceAccountToken({
    ...metadata,
    namespace,
    body: { spec: { audiences: [], expirationSeconds: 3600 } },
  });
  const cluster = admin.getCurrentCluster();
  if (!status || !cluster) throw new Error('the API server issued no token');
  return () => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(cluster, { name: metadata.name, token: status.token });
    return config;
  };
}
