import type { Release, ServiceSettings } from '../../stage/settings.ts';
import { nodesLabel, sessionsTaint } from '../cluster/node-group.ts';
import type { Plane } from '../storage/plane-role.ts';

export interface ChartValuesInput {
  region: string;
  namespace: string;
  registry: string;
  tableName: string;
  service: ServiceSettings;
  release: Release;
  firewallArn: string | undefined;
}

export const keySecretOf = (plane: Plane): string => `steppe-${plane}-key`;
export const publicKeysName = 'steppe-public-keys';

/** The values of infra/chart: those of its example for AWS, from the settings of the stage. */
export function chartValues(input: ChartValuesInput) {
  const { service, registry, release } = input;
  return {
    images: { registry, references: imageReferences(registry, release.images) },
    auth: service.issuer,
    dynamodb: { region: input.region, table: input.tableName },
    keys: {
      controlPlane: { existingSecret: keySecretOf('control-plane') },
      dataPlane: { existingSecret: keySecretOf('data-plane') },
      public: { existingConfigMap: publicKeysName },
    },
    dataPlane: {
      autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 20 },
      ingress: {
        enabled: true,
        className: 'alb',
        host: service.domain,
        annotations: ingressAnnotations(service, input.firewallArn),
      },
    },
    networkPolicies: { extraEgress: podIdentityEgress },
    sessions: {
      // They exist: the public keys are there before the chart.
      namespace: { name: `${input.namespace}-sessions`, create: false },
      poolSize: 10,
      nodeSelector: { [nodesLabel]: 'sessions' },
      tolerations: [{ key: sessionsTaint, operator: 'Exists', effect: 'NoSchedule' }],
      egress: { mode: 'internet' },
      // kube-dns; helm cannot read its address while it renders a template.
      dns: { nameservers: ['172.20.0.10'] },
      quota: { hard: { pods: '2000', services: '2000' } },
    },
  };
}

/** To the agent of EKS on each node, which gives a plane the credentials of its role. */
export const podIdentityEgress = [
  { to: [{ ipBlock: { cidr: '169.254.170.23/32' } }], ports: [{ protocol: 'TCP', port: 80 }] },
];

/** Names of images in `images.references` of the chart. */
const chartNames: Readonly<Record<string, string>> = {
  'control-plane': 'controlPlane',
  'data-plane': 'dataPlane',
  'session-agent': 'sessionAgent',
  'runtime-python': 'python',
  'runtime-python-data': 'pythonData',
  'runtime-node': 'node',
  'local-store': 'localStore',
};

const imageReferences = (registry: string, digests: Release['images']) =>
  Object.fromEntries(
    Object.entries(digests).map(([name, digest]) => [
      chartNames[name] ?? name,
      `${registry}/steppe/${name}@${digest}`,
    ]),
  );

const ingressAnnotations = (service: ServiceSettings, firewallArn: string | undefined) =>
  Object.fromEntries(
    Object.entries({
      scheme: service.scheme,
      'target-type': 'ip',
      'listen-ports': '[{"HTTPS":443}]',
      'certificate-arn': service.certificateArn,
      'ssl-policy': 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      // It needs no token.
      'healthcheck-path': '/openapi.json',
      // The data-plane sends a byte every 5 s; uploads and slow readers may be silent for longer.
      'load-balancer-attributes':
        'idle_timeout.timeout_seconds=300,routing.http.drop_invalid_header_fields.enabled=true',
      ...(firewallArn !== undefined && { 'wafv2-acl-arn': firewallArn }),
    }).map(([name, value]) => [`alb.ingress.kubernetes.io/${name}`, value]),
  );
