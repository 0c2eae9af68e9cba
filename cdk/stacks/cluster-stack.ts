import { KubectlV34Layer } from '@aws-cdk/lambda-layer-kubectl-v34';
import { Fn, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct, IDependable } from 'constructs';
import type { ServiceSettings } from '../stage/settings.ts';
import { acknowledgeCluster } from './cluster/acknowledged-rules.ts';
import { addNetworkAddons, addNodeAddons } from './cluster/addons.ts';
import { createNetwork } from './cluster/network.ts';
import { addNodeGroup } from './cluster/node-group.ts';
import { type Plane, planes, serviceAccountOf } from './storage/plane-role.ts';

export interface ClusterStackProps extends StackProps {
  stage: string;
  namespace: string;
  service: ServiceSettings;
  roles: Readonly<Record<Plane, iam.IRole>>;
}

/** EKS with a group of nodes for the planes and one for sessions, its add-ons and its network. */
export class ClusterStack extends Stack {
  readonly cluster: eks.Cluster;
  /** What pods need before they can run. */
  readonly nodesReady: IDependable;

  constructor(scope: Construct, id: string, props: ClusterStackProps) {
    super(scope, id, props);
    const { service } = props;
    const vpc = createNetwork(this, { ...service, isProduction: props.stage === 'prod' });
    this.cluster = this.createCluster(`steppe-${props.stage}`, vpc, service);
    const network = addNetworkAddons(this, this.cluster);
    const planesGroup = addNodeGroup(this, { ...this.groupOf(service, 'planes'), after: network });
    addNodeGroup(this, { ...this.groupOf(service, 'sessions'), after: network });
    addNodeAddons(this, this.cluster, planesGroup);
    this.nodesReady = planesGroup;

    for (const plane of planes) {
      new eks.CfnPodIdentityAssociation(this, `${plane}-identity`, {
        clusterName: this.cluster.clusterName,
        namespace: props.namespace,
        serviceAccount: serviceAccountOf(plane),
        roleArn: props.roles[plane].roleArn,
      });
    }
    acknowledgeCluster(this.cluster);
  }

  /** Zones as tokens: nothing has to be looked up in the account. */
  override get availabilityZones(): string[] {
    return [0, 1, 2].map((index) => Fn.select(index, Fn.getAzs()));
  }

  private createCluster(clusterName: string, vpc: ec2.IVpc, service: ServiceSettings) {
    // EKS creates it without a retention unless it exists.
    const logGroup = new logs.LogGroup(this, 'ControlPlaneLogs', {
      logGroupName: `/aws/eks/${clusterName}/cluster`,
      retention: service.retentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const cluster = new eks.Cluster(this, 'Cluster', {
      clusterName,
      // The version of tools/cluster/, on which the tests run.
      version: eks.KubernetesVersion.V1_34,
      vpc,
      vpcSubnets: [{ subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }],
      endpointAccess: eks.EndpointAccess.PRIVATE,
      // Its service kube-dns then has the address 172.20.0.10.
      serviceIpv4Cidr: '172.20.0.0/16',
      clusterLogging: Object.values(eks.ClusterLoggingTypes),
      defaultCapacityType: eks.DefaultCapacityType.NODEGROUP,
      defaultCapacity: 0,
      bootstrapSelfManagedAddons: false,
      bootstrapClusterCreatorAdminPermissions: false,
      kubectlProviderOptions: { kubectlLayer: new KubectlV34Layer(this, 'Kubectl') },
    });
    cluster.node.addDependency(logGroup);
    for (const [index, arn] of service.adminRoleArns.entries()) {
      cluster.grantClusterAdmin(`Admin${index}`, arn);
    }
    return cluster;
  }

  private groupOf(service: ServiceSettings, name: 'planes' | 'sessions') {
    return { name, cluster: this.cluster, ...service.nodes[name] };
  }
}
