import { Match, type Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { type ExampleChanges, exampleApp, templateOf } from '../testing/example-app.ts';

const cluster = (changes?: ExampleChanges): Template => templateOf(exampleApp(changes), 'cluster');

test('the cluster has a private endpoint and logs everything of its control plane', () => {
  cluster().hasResourceProperties('AWS::EKS::Cluster', {
    Version: '1.34',
    ResourcesVpcConfig: { EndpointPrivateAccess: true, EndpointPublicAccess: false },
    AccessConfig: { AuthenticationMode: 'API', BootstrapClusterCreatorAdminPermissions: false },
    KubernetesNetworkConfig: { ServiceIpv4Cidr: '172.20.0.0/16' },
    Logging: {
      ClusterLogging: {
        EnabledTypes: ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'].map(
          (Type) => ({ Type }),
        ),
      },
    },
  });
});

test('nodes of sessions have a taint, and those of the planes have none', () => {
  const template = cluster();
  template.hasResourceProperties('AWS::EKS::Nodegroup', {
    Labels: { 'steppe.dev/nodes': 'sessions' },
    Taints: [{ Key: 'steppe.dev/sessions', Value: 'true', Effect: 'NO_SCHEDULE' }],
  });
  template.hasResourceProperties('AWS::EKS::Nodegroup', {
    Labels: { 'steppe.dev/nodes': 'planes' },
    Taints: Match.absent(),
  });
});

test('pods cannot reach the credentials of their node', () => {
  const templates = Object.values(cluster().findResources('AWS::EC2::LaunchTemplate'));
  expect(templates).toHaveLength(2);
  for (const { Properties } of templates) {
    expect(Properties.LaunchTemplateData.MetadataOptions).toEqual({
      HttpPutResponseHopLimit: 1,
      HttpTokens: 'required',
    });
  }
});

test('the kubelet limits processes and kills only the process that uses too much memory', () => {
  const templates = Object.values(cluster().findResources('AWS::EC2::LaunchTemplate'));
  for (const { Properties } of templates) {
    const userData = JSON.stringify(Properties.LaunchTemplateData.UserData);
    expect(userData).toContain('application/node.eks.aws');
    expect(userData.replaceAll('\\', '')).toContain(
      '"config":{"maxPods":110,"podPidsLimit":1024,"singleProcessOOMKill":true}',
    );
  }
});

test('the nodes can pull images, and cannot change the network', () => {
  const roles = Object.values(cluster().findResources('AWS::IAM::Role'));
  const ofNodes = roles.filter(({ Properties }) =>
    JSON.stringify(Properties.AssumeRolePolicyDocument).includes('ec2.amazonaws.com'),
  );
  expect(ofNodes).toHaveLength(2);
  for (const { Properties } of ofNodes) {
    const policies = JSON.stringify(Properties.ManagedPolicyArns).match(/policy\/\w+/g);
    expect(policies).toEqual([
      'policy/AmazonEKSWorkerNodePolicy',
      'policy/AmazonEC2ContainerRegistryPullOnly',
    ]);
  }
});

test('the add-ons are those that the chart needs, with network policies on', () => {
  const addons = Object.values(cluster().findResources('AWS::EKS::Addon'));
  const names = addons.map(({ Properties }) => Properties.AddonName).sort();
  expect(names).toEqual([
    'coredns',
    'eks-pod-identity-agent',
    'kube-proxy',
    'metrics-server',
    'vpc-cni',
  ]);
  cluster().hasResourceProperties('AWS::EKS::Addon', {
    AddonName: 'vpc-cni',
    ConfigurationValues: Match.serializedJson(Match.objectLike({ enableNetworkPolicy: 'true' })),
  });
  cluster().hasResourceProperties('Custom::AWSCDK-EKS-HelmChart', {
    Chart: 'aws-load-balancer-controller',
  });
});

test.each(['control-plane', 'data-plane'])(
  'the pods of the %s get the role of Storage',
  (plane) => {
    cluster().hasResourceProperties('AWS::EKS::PodIdentityAssociation', {
      Namespace: 'steppe',
      ServiceAccount: `steppe-${plane}`,
      RoleArn: { 'Fn::ImportValue': Match.stringLikeRegexp('^steppe-example-storage:') },
    });
  },
);

test('a new VPC has private subnets, a gateway to DynamoDB, and a gateway in each zone of prod', () => {
  const template = cluster();
  template.resourceCountIs('AWS::EC2::NatGateway', 1);
  cluster({ stage: 'prod' }).resourceCountIs('AWS::EC2::NatGateway', 3);
  template.hasResourceProperties('AWS::EC2::VPCEndpoint', {
    VpcEndpointType: 'Gateway',
    ServiceName: { 'Fn::Join': ['', ['com.amazonaws.', { Ref: 'AWS::Region' }, '.dynamodb']] },
  });
  template.allResourcesProperties('AWS::EC2::Subnet', { MapPublicIpOnLaunch: false });
});

test('log groups have the retention of the settings', () => {
  const template = cluster({ service: { retentionDays: 7 } });
  template.hasResourceProperties('AWS::Logs::LogGroup', {
    LogGroupName: '/aws/eks/steppe-example/cluster',
    RetentionInDays: 7,
  });
});

test('the roles of the settings administer the cluster', () => {
  cluster().hasResourceProperties('AWS::EKS::AccessEntry', {
    PrincipalArn: 'arn:aws:iam::123456789012:role/administrator',
  });
});
