import { Stack } from 'aws-cdk-lib';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { addPodIdentity } from '../cluster/pod-identity.ts';

export interface LogCollectorProps {
  cluster: eks.Cluster;
  namespace: string;
  logGroup: logs.LogGroup;
}

/**
 * Sends the logs of the planes alone to the log group. What pods of sessions print is not collected:
 * it can contain anything.
 */
export function addLogCollector(scope: Construct, props: LogCollectorProps): void {
  const { cluster, logGroup } = props;
  // Fluent Bit runs under the service account of the agent.
  const { role, association } = addPodIdentity(scope, 'cloudwatch-agent', {
    cluster,
    namespace: 'amazon-cloudwatch',
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
  );
  new eks.Addon(scope, 'Collector', {
    cluster,
    addonName: 'amazon-cloudwatch-observability',
    preserveOnDelete: false,
    configurationValues: {
      containerLogs: {
        enabled: true,
        fluentBit: {
          config: {
            extraFiles: {
              'application-log.conf': pipelineOf(scope, props),
              'dataplane-log.conf': '',
              'host-log.conf': '',
            },
          },
        },
      },
    },
  }).node.addDependency(association);
}

function pipelineOf(scope: Construct, { namespace, logGroup }: LogCollectorProps): string {
  const section = (kind: string, settings: Record<string, string>): string =>
    [`[${kind}]`, ...Object.entries(settings).map(([name, value]) => `    ${name} ${value}`)].join(
      '\n',
    );
  return [
    section('INPUT', {
      Name: 'tail',
      Tag: 'planes.*',
      Path: `/var/log/containers/*_${namespace}_*.log`,
      'multiline.parser': 'cri',
      DB: '/var/fluent-bit/state/flb_planes.db',
      Mem_Buf_Limit: '50MB',
      Skip_Long_Lines: 'On',
    }),
    section('FILTER', {
      Name: 'kubernetes',
      Match: 'planes.*',
      Kube_Tag_Prefix: 'planes.var.log.containers.',
      Merge_Log: 'On',
      Merge_Log_Key: 'log_processed',
      Labels: 'Off',
      Annotations: 'Off',
    }),
    section('OUTPUT', {
      Name: 'cloudwatch_logs',
      Match: 'planes.*',
      region: Stack.of(scope).region,
      log_group_name: logGroup.logGroupName,
      log_stream_prefix: 'pods-',
      auto_create_group: 'false',
    }),
  ].join('\n\n');
}
