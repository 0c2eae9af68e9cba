import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

export interface ServiceAccountName {
  cluster: eks.ICluster;
  namespace: string;
}

/** EKS names the pod in tags of its session; a role that demands them serves no other pod. */
export const podPrincipal = (namespace: string, serviceAccount: string): iam.IPrincipal =>
  new iam.PrincipalWithConditions(
    // Tags need sts:TagSession too.
    new iam.ServicePrincipal('pods.eks.amazonaws.com').withSessionTags(),
    {
      StringEquals: {
        'aws:RequestTag/kubernetes-namespace': namespace,
        'aws:RequestTag/kubernetes-service-account': serviceAccount,
      },
    },
  );

/** A role without permissions yet, for the pods of a service account. */
export function addPodIdentity(
  scope: Construct,
  serviceAccount: string,
  { cluster, namespace }: ServiceAccountName,
): { role: iam.Role; association: eks.CfnPodIdentityAssociation } {
  const role = new iam.Role(scope, `${serviceAccount}-identity-role`, {
    assumedBy: podPrincipal(namespace, serviceAccount),
  });
  const association = new eks.CfnPodIdentityAssociation(scope, `${serviceAccount}-identity`, {
    clusterName: cluster.clusterName,
    namespace,
    serviceAccount,
    roleArn: role.roleArn,
  });
  return { role, association };
}
