import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

// cdk-nag demands a reason for each finding that stays. Those of our own policies have none.

const acknowledge = (scope: IConstruct, reason: string, ids: readonly string[]): void =>
  Validations.of(scope).acknowledge(...ids.map((id) => ({ id: `AwsSolutions-${id}`, reason })));

const managedPolicy = (name: string): string =>
  `IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${name}]`;

export function acknowledgeManagedPolicies(role: IConstruct, names: readonly string[]): void {
  const reason = 'AWS maintains the policy that EKS demands; a copy would miss its changes';
  acknowledge(role, reason, names.map(managedPolicy));
}

/** The functions of aws-cdk-lib that call the cluster: their roles and runtimes are the library's. */
export function acknowledgeCluster(cluster: IConstruct): void {
  acknowledgeManagedPolicies(cluster, [
    'AmazonEKSClusterPolicy',
    'AmazonEC2ContainerRegistryReadOnly',
    'service-role/AWSLambdaBasicExecutionRole',
    'service-role/AWSLambdaVPCAccessExecutionRole',
  ]);
  const { account, region } = Stack.of(cluster);
  acknowledge(cluster, 'The library grants its function the assets that it installs', [
    ...['GetBucket', 'GetObject', 'List'].map((action) => `IAM5[Action::s3:${action}*]`),
    `IAM5[Resource::arn:aws:s3:::cdk-hnb659fds-assets-${account}-${region}/*]`,
    `IAM5[Resource::<${handler}.Arn>:*]`,
    `IAM4[Policy::${publicRegistryPolicy}]`,
  ]);
  acknowledge(cluster, 'The library chooses the runtime that its function was tested with', ['L1']);
}

const handler = 'ClusterKubectlProviderHandler2E05C68A';
const publicRegistryPolicy = JSON.stringify({
  'Fn::If': [
    'ClusterKubectlProviderHandlerHasEcrPublic69E09706',
    {
      'Fn::Join': [
        '',
        [
          'arn:',
          { Ref: 'AWS::Partition' },
          ':iam::aws:policy/AmazonElasticContainerRegistryPublicReadOnly',
        ],
      ],
    },
    { Ref: 'AWS::NoValue' },
  ],
});

export function acknowledgeLoadBalancerController(controller: IConstruct): void {
  const balancer = 'arn:<AWS::Partition>:elasticloadbalancing:*:*:';
  const resources = [
    '*',
    'arn:<AWS::Partition>:ec2:*:*:security-group/*',
    `${balancer}targetgroup/*/*`,
    ...['app', 'net'].flatMap((kind) => [
      `${balancer}loadbalancer/${kind}/*/*`,
      `${balancer}listener/${kind}/*/*/*`,
      `${balancer}listener-rule/${kind}/*/*/*`,
    ]),
  ];
  const reason =
    'The policy that the controller publishes: it names what it creates only when it creates it';
  acknowledge(
    controller,
    reason,
    resources.map((resource) => `IAM5[Resource::${resource}]`),
  );
}
