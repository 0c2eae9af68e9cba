import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct, IDependable } from 'constructs';
import { acknowledgeManagedPolicies } from './acknowledged-rules.ts';

export interface NodeGroupProps {
  /** Nodes for sessions have a taint, so that nothing else runs beside user code. */
  name: 'planes' | 'sessions';
  cluster: eks.Cluster;
  instanceType: string;
  min: number;
  max: number;
  /** Nodes become ready only with a network. */
  after: IDependable[];
}

export const nodesLabel = 'steppe.dev/nodes';
export const sessionsTaint = 'steppe.dev/sessions';

export function addNodeGroup(scope: Construct, props: NodeGroupProps): eks.Nodegroup {
  const { name, cluster } = props;
  const template = createLaunchTemplate(scope, name);
  const group = cluster.addNodegroupCapacity(name, {
    amiType: eks.NodegroupAmiType.AL2023_X86_64_STANDARD,
    instanceTypes: [new ec2.InstanceType(props.instanceType)],
    minSize: props.min,
    desiredSize: props.min,
    maxSize: props.max,
    subnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
    nodeRole: createNodeRole(scope, name),
    labels: { [nodesLabel]: name },
    ...(name === 'sessions' && {
      taints: [{ key: sessionsTaint, value: 'true', effect: eks.TaintEffect.NO_SCHEDULE }],
    }),
    launchTemplateSpec: {
      id: template.launchTemplateId ?? '',
      version: template.latestVersionNumber,
    },
  });
  group.node.addDependency(...props.after);
  return group;
}

function createLaunchTemplate(scope: Construct, name: string): ec2.LaunchTemplate {
  const userData = new ec2.MultipartUserData();
  userData.addPart(
    ec2.MultipartBody.fromRawBody({
      contentType: 'application/node.eks.aws',
      body: JSON.stringify(nodeConfig),
    }),
  );
  return new ec2.LaunchTemplate(scope, `${name}-template`, {
    userData,
    requireImdsv2: true,
    // A pod is one hop further away, so it cannot reach the credentials of its node.
    httpPutResponseHopLimit: 1,
    blockDevices: [
      {
        deviceName: '/dev/xvda',
        volume: ec2.BlockDeviceVolume.ebs(100, {
          encrypted: true,
          volumeType: ec2.EbsDeviceVolumeType.GP3,
        }),
      },
    ],
  });
}

/** Read by nodeadm of AL2023, which merges it with what EKS writes. YAML contains JSON. */
const nodeConfig = {
  apiVersion: 'node.eks.aws/v1alpha1',
  kind: 'NodeConfig',
  spec: {
    kubelet: {
      config: {
        maxPods: 110,
        // User code cannot use up the processes of its node.
        podPidsLimit: 1024,
        // The kernel kills the worker that uses too much memory, and the agent survives.
        singleProcessOOMKill: true,
      },
    },
  },
};

/** The VPC CNI has a role of its own, so that the nodes cannot change the network. */
function createNodeRole(scope: Construct, name: string): iam.Role {
  const policies = ['AmazonEKSWorkerNodePolicy', 'AmazonEC2ContainerRegistryPullOnly'];
  const role = new iam.Role(scope, `${name}-role`, {
    assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
    managedPolicies: policies.map((policy) => iam.ManagedPolicy.fromAwsManagedPolicyName(policy)),
  });
  acknowledgeManagedPolicies(role, policies);
  return role;
}
