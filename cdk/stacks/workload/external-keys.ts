import { Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { keySecretName } from '../../stage/key-secret.ts';
import { addPodIdentity } from '../cluster/pod-identity.ts';
import { planes } from '../storage/plane-role.ts';
import { keySecretOf } from './chart-values.ts';

export interface ExternalKeysProps {
  stage: string;
  namespace: string;
  cluster: eks.Cluster;
}

const operator = 'external-secrets';

/**
 * Copies the planes' private keys from Secrets Manager to Secrets, by the External Secrets
 * operator: it has a role of its own, so that the roles of the planes stay without permission to
 * read secrets.
 */
export function addExternalKeys(scope: Construct, props: ExternalKeysProps) {
  const { cluster, namespace, stage } = props;
  const { role, association } = addPodIdentity(scope, operator, { cluster, namespace: operator });
  const { account, region } = Stack.of(scope);
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
      resources: planes.map(
        // Secrets Manager adds six characters to the name.
        (plane) =>
          `arn:aws:secretsmanager:${region}:${account}:secret:${keySecretName(stage, plane)}-??????`,
      ),
    }),
  );
  const chart = new eks.HelmChart(scope, 'ExternalSecrets', {
    cluster,
    repository: 'https://charts.external-secrets.io',
    chart: operator,
    version: '2.9.0',
    release: operator,
    namespace: operator,
    wait: true,
  });
  // A pod gets its role when it starts.
  chart.node.addDependency(role, association);
  const keys = new eks.KubernetesManifest(scope, 'Keys', {
    cluster,
    manifest: [storeOf(namespace, region), ...planes.map((plane) => secretOf(props, plane))],
  });
  keys.node.addDependency(chart);
  return keys;
}

/** Without `auth`, it reads with the operator's own role. */
const storeOf = (namespace: string, region: string) => ({
  apiVersion: 'external-secrets.io/v1',
  kind: 'SecretStore',
  metadata: { name: 'steppe', namespace },
  spec: { provider: { aws: { service: 'SecretsManager', region } } },
});

const secretOf = ({ stage, namespace }: ExternalKeysProps, plane: (typeof planes)[number]) => ({
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  metadata: { name: keySecretOf(plane), namespace },
  spec: {
    refreshInterval: '1m',
    secretStoreRef: { kind: 'SecretStore', name: 'steppe' },
    target: { name: keySecretOf(plane) },
    data: [{ secretKey: 'private.json', remoteRef: { key: keySecretName(stage, plane) } }],
  },
});
