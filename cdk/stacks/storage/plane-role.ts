import { Stack } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { sessionsTable } from '../../../session-store/dynamodb/key-schema.ts';
import { planeActions } from '../../../session-store/dynamodb/plane-actions.ts';
import { podPrincipal } from '../cluster/pod-identity.ts';

export type Plane = keyof typeof planeActions;

export const planes: readonly Plane[] = ['control-plane', 'data-plane'];

/** By the chart, in a release called steppe. */
export const serviceAccountOf = (plane: Plane): string => `steppe-${plane}`;

export interface PlaneRoleProps {
  plane: Plane;
  table: dynamodb.ITable;
  encryptionKey: kms.IKey | undefined;
  namespace: string;
}

/**
 * A role that the pods of a plane alone can assume. It allows the actions that the plane uses on
 * the table, and nothing else.
 */
export function createPlaneRole(scope: Construct, props: PlaneRoleProps): iam.Role {
  const { plane, namespace } = props;
  const id = plane === 'control-plane' ? 'ControlPlaneRole' : 'DataPlaneRole';
  return new iam.Role(scope, id, {
    description: `The ${plane} of Steppe`,
    assumedBy: podPrincipal(namespace, serviceAccountOf(plane)),
    inlinePolicies: {
      sessions: new iam.PolicyDocument({ statements: statementsOf(scope, props) }),
    },
  });
}

function statementsOf(
  scope: Construct,
  { plane, table, encryptionKey }: PlaneRoleProps,
): iam.PolicyStatement[] {
  const { table: onTable, indexes: onIndexes } = planeActions[plane];
  const indexes = [sessionsTable.tenantIndex, sessionsTable.liveIndex];
  const statements = [allow(onTable, [table.tableArn])];
  if (onIndexes.length > 0) {
    const arns = indexes.map(({ name }) => `${table.tableArn}/index/${name}`);
    statements.push(allow(onIndexes, arns));
  }
  if (encryptionKey !== undefined) {
    const service = `dynamodb.${Stack.of(scope).region}.amazonaws.com`;
    statements.push(
      new iam.PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [encryptionKey.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': service } },
      }),
    );
  }
  return statements;
}

const allow = (actions: readonly string[], resources: string[]): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions: actions.map((action) => `dynamodb:${action}`), resources });
