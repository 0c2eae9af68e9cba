import { RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { ServiceSettings } from '../../stage/settings.ts';

export interface NetworkProps extends Pick<ServiceSettings, 'vpc' | 'retentionDays'> {
  isProduction: boolean;
}

/**
 * A VPC with private subnets for the nodes and a gateway to DynamoDB, or the VPC that the settings
 * name, as it is.
 */
export function createNetwork(scope: Construct, props: NetworkProps): ec2.IVpc {
  if (props.vpc !== 'new') return ec2.Vpc.fromLookup(scope, 'Vpc', { vpcId: props.vpc });
  const subnet = (name: string, subnetType: ec2.SubnetType, cidrMask: number) => ({
    name,
    subnetType,
    cidrMask,
  });
  const vpc = new ec2.Vpc(scope, 'Vpc', {
    ipAddresses: ec2.IpAddresses.cidr('10.64.0.0/16'),
    maxAzs: 3,
    // Another zone's gateway is enough to develop with; production survives the loss of a zone.
    natGateways: props.isProduction ? 3 : 1,
    subnetConfiguration: [
      { ...subnet('public', ec2.SubnetType.PUBLIC, 24), mapPublicIpOnLaunch: false },
      // Each pod has an address of its subnet.
      subnet('private', ec2.SubnetType.PRIVATE_WITH_EGRESS, 19),
    ],
    gatewayEndpoints: { DynamoDb: { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB } },
  });
  const logGroup = new logs.LogGroup(scope, 'FlowLogs', {
    retention: props.retentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  vpc.addFlowLog('Flows', {
    destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup),
    trafficType: ec2.FlowLogTrafficType.REJECT,
  });
  return vpc;
}
