import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { sessionsTable } from '../../session-store/dynamodb/key-schema.ts';
import { createPlaneRole, type Plane, planes } from './storage/plane-role.ts';

export interface StorageStackProps extends StackProps {
  stage: string;
  tableName: string;
  /** `customer`: a KMS key of the account's own, which costs a fee. */
  key: 'aws-managed' | 'customer';
  /** The name of a table outside of the stack, which the planes use; its own stays. */
  restored?: string | undefined;
  /** Of the planes, in whatever cluster. */
  namespace: string;
}

/** The table, and a role for each plane. It can be deployed alone, for a cluster that exists. */
export class StorageStack extends Stack {
  readonly tableName: string;
  readonly table: dynamodb.ITable;
  readonly roles: Readonly<Record<Plane, iam.IRole>>;

  constructor(scope: Construct, id: string, props: StorageStackProps) {
    super(scope, id, props);
    this.tableName = props.restored ?? props.tableName;
    const isProduction = props.stage === 'prod';
    const removalPolicy = isProduction ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    const encryptionKey =
      props.key === 'customer'
        ? new kms.Key(this, 'Key', { enableKeyRotation: true, removalPolicy })
        : undefined;

    const own = this.createTable(props.tableName, encryptionKey, isProduction);
    own.applyRemovalPolicy(removalPolicy);
    this.table =
      props.restored === undefined
        ? own
        : dynamodb.Table.fromTableName(this, 'RestoredTable', props.restored);
    const roleOf = (plane: Plane) =>
      createPlaneRole(this, {
        plane,
        table: this.table,
        encryptionKey,
        namespace: props.namespace,
      });
    this.roles = {
      'control-plane': roleOf('control-plane'),
      'data-plane': roleOf('data-plane'),
    };
    this.publishValues(props.stage);
  }

  private createTable(
    tableName: string,
    encryptionKey: kms.Key | undefined,
    isProduction: boolean,
  ): dynamodb.Table {
    const { tenantIndex, liveIndex } = sessionsTable;
    const table = new dynamodb.Table(this, 'Table', {
      tableName,
      partitionKey: attribute(sessionsTable.partitionKey),
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: sessionsTable.ttlAttribute,
      deletionProtection: isProduction,
      ...(encryptionKey === undefined
        ? { encryption: dynamodb.TableEncryption.AWS_MANAGED }
        : { encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
    });
    table.addGlobalSecondaryIndex({
      indexName: tenantIndex.name,
      partitionKey: attribute(tenantIndex.partitionKey),
      sortKey: attribute(tenantIndex.sortKey),
    });
    table.addGlobalSecondaryIndex({
      indexName: liveIndex.name,
      partitionKey: attribute(liveIndex.partitionKey),
      projectionType: dynamodb.ProjectionType.INCLUDE,
      nonKeyAttributes: [...liveIndex.projected],
    });
    return table;
  }

  /** What the chart needs: as outputs for people, and as parameters for programs. */
  private publishValues(stage: string): void {
    const values = [
      { id: 'TableName', name: 'table', value: this.table.tableName },
      ...planes.map((plane) => ({
        id: `${plane === 'control-plane' ? 'ControlPlane' : 'DataPlane'}RoleArn`,
        name: `${plane}-role`,
        value: this.roles[plane].roleArn,
      })),
    ];
    for (const { id, name, value } of values) {
      const parameterName = `/steppe/${stage}/${name}`;
      new ssm.StringParameter(this, `${id}Parameter`, { parameterName, stringValue: value });
      new CfnOutput(this, id, { value });
    }
  }
}

type KeyAttribute = keyof typeof sessionsTable.attributeTypes;

const attribute = (name: KeyAttribute): dynamodb.Attribute => ({
  name,
  type: types[sessionsTable.attributeTypes[name]],
});

const types = { S: dynamodb.AttributeType.STRING, N: dynamodb.AttributeType.NUMBER };
