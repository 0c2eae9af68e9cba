import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct, IDependable } from 'constructs';
import {
  acknowledgeLoadBalancerController,
  acknowledgeManagedPolicies,
} from './acknowledged-rules.ts';
import { addPodIdentity } from './pod-identity.ts';

const cniPolicy = 'AmazonEKS_CNI_Policy';

/** Run on the network of the node, so they start before nodes are ready. */
export function addNetworkAddons(scope: Construct, cluster: eks.Cluster): IDependable[] {
  const identityAgent = addAddon(scope, cluster, 'eks-pod-identity-agent');
  const kubeProxy = addAddon(scope, cluster, 'kube-proxy');
  const { role, association } = addPodIdentity(scope, 'aws-node', {
    cluster,
    namespace: 'kube-system',
  });
  role.addManagedPolicy(iam.ManagedPolicy.fromAwsManagedPolicyName(cniPolicy));
  acknowledgeManagedPolicies(role, [cniPolicy]);
  const cni = addAddon(scope, cluster, 'vpc-cni', {
    // A string: so says the add-on's schema.
    enableNetworkPolicy: 'true',
    env: {
      // A policy applies to a pod as soon as it has its address.
      ANNOTATE_POD_IP: 'true',
      // A node has addresses for 110 pods, whatever its type.
      ENABLE_PREFIX_DELEGATION: 'true',
    },
  });
  cni.node.addDependency(association);
  return [identityAgent, kubeProxy, cni];
}

/** Deployments, which need nodes. */
export function addNodeAddons(scope: Construct, cluster: eks.Cluster, nodes: IDependable): void {
  for (const name of ['coredns', 'metrics-server']) {
    addAddon(scope, cluster, name).node.addDependency(nodes);
  }
  const controller = eks.AlbController.create(scope, {
    cluster,
    version: eks.AlbControllerVersion.V3_2_2,
    // The default repository is in one region.
    repository: 'public.ecr.aws/eks/aws-load-balancer-controller',
  });
  controller.node.addDependency(nodes);
  acknowledgeLoadBalancerController(controller);
}

const addAddon = (
  scope: Construct,
  cluster: eks.Cluster,
  addonName: string,
  configurationValues: Record<string, unknown> = {},
): eks.Addon =>
  new eks.Addon(scope, addonName, {
    cluster,
    addonName,
    configurationValues,
    preserveOnDelete: false,
  });
