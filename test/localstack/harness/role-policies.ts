import {
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import * as z from 'zod';

/** IAM writes a list of one as the one. */
const list = z.union([z.string().transform((one) => [one]), z.array(z.string())]);

const documentSchema = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Effect: z.literal('Allow'),
      Action: list,
      Resource: list,
    }),
  ),
});

/**
 * What all policies of a role allow, each action with each resource: `dynamodb:GetItem on arn:…`.
 * @throws Error if a policy is attached or has conditions or denials, which this does not interpret
 */
export async function allowedBy(roleArn: string): Promise<string[]> {
  const client = new IAMClient();
  const RoleName = roleNameOf(roleArn);
  try {
    const attached = await client.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    const names = attached.AttachedPolicies?.map(({ PolicyName }) => PolicyName) ?? [];
    if (names.length > 0) throw new Error(`${RoleName} has attached policies: ${names.join(', ')}`);
    const inline = await client.send(new ListRolePoliciesCommand({ RoleName }));
    const allowed = await Promise.all(
      (inline.PolicyNames ?? []).map(async (PolicyName) => {
        const policy = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
        return pairsOf(decode(policy.PolicyDocument));
      }),
    );
    return allowed.flat().toSorted();
  } finally {
    client.destroy();
  }
}

export const roleNameOf = (roleArn: string): string => roleArn.slice(roleArn.indexOf('role/') + 5);

/** IAM returns documents with percent-encoding. */
export const decode = (document: string | undefined): unknown =>
  JSON.parse(decodeURIComponent(document ?? ''));

const pairsOf = (document: unknown): string[] =>
  documentSchema
    .parse(document)
    .Statement.flatMap(({ Action, Resource }) =>
      Action.flatMap((action) => Resource.map((resource) => `${action} on ${resource}`)),
    );
