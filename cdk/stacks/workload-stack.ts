import { resolve } from 'node:path';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct, IDependable } from 'constructs';
import { folder } from '../stage/read-stage.ts';
import type { Release, ServiceSettings } from '../stage/settings.ts';
import { chartValues, publicKeysName } from './workload/chart-values.ts';
import { addExternalKeys } from './workload/external-keys.ts';
import { createFirewall } from './workload/firewall.ts';

export interface WorkloadStackProps extends StackProps {
  stage: string;
  namespace: string;
  service: ServiceSettings;
  release: Release;
  cluster: eks.Cluster;
  registry: string;
  tableName: string;
}

/** The chart of infra/chart with its values, and the keys that it mounts. */
export class WorkloadStack extends Stack {
  constructor(scope: Construct, id: string, props: WorkloadStackProps) {
    super(scope, id, props);
    const { stage, namespace, cluster, service } = props;
    const namespaces = this.addNamespaces(namespace, cluster);
    const keys = addExternalKeys(this, { stage, namespace, cluster });
    keys.node.addDependency(namespaces);
    const publicKeys = this.addPublicKeys(props);
    publicKeys.node.addDependency(namespaces);

    const firewallArn = service.firewall ? createFirewall(this) : undefined;
    const chart = new eks.HelmChart(this, 'Chart', {
      cluster,
      chartAsset: new Asset(this, 'ChartAsset', {
        path: resolve(folder, '../infra/chart'),
        exclude: ['golden', 'examples', '*.test.ts'],
      }),
      release: 'steppe',
      namespace,
      createNamespace: false,
      values: chartValues({ ...props, region: this.region, firewallArn }),
      wait: true,
      timeout: Duration.minutes(10),
    });
    chart.node.addDependency(keys, publicKeys);
    this.publishAddress(props, chart);
  }

  private addNamespaces(namespace: string, cluster: eks.Cluster): eks.KubernetesManifest {
    const modes = ['enforce', 'audit', 'warn'];
    const restricted = modes.map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']);
    const objects = [namespace, `${namespace}-sessions`].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: Object.fromEntries(restricted) },
    }));
    return new eks.KubernetesManifest(this, 'Namespaces', { cluster, manifest: objects });
  }

  private addPublicKeys({ namespace, cluster, release }: WorkloadStackProps) {
    const entries = Object.entries(release.publicKeys);
    return new eks.KubernetesManifest(this, 'PublicKeys', {
      cluster,
      manifest: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: publicKeysName, namespace: `${namespace}-sessions` },
          data: Object.fromEntries(entries.map(([plane, keys]) => [`${plane}.json`, keys])),
        },
      ],
    });
  }

  /** Where the record of the domain must point. */
  private publishAddress({ namespace, cluster }: WorkloadStackProps, chart: IDependable): void {
    const address = new eks.KubernetesObjectValue(this, 'Address', {
      cluster,
      objectType: 'ingress',
      objectName: 'steppe-data-plane',
      objectNamespace: namespace,
      jsonPath: '.status.loadBalancer.ingress[0].hostname',
    });
    address.node.addDependency(chart);
    new CfnOutput(this, 'LoadBalancer', { value: address.value });
  }
}
