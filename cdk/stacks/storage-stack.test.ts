import { Match, Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { createApp } from '../testing/create-app.ts';
import { StorageStack, type StorageStackProps } from './storage-stack.ts';

const tableArn = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Table'), 'Arn'] };

function synthesize(props: Partial<StorageStackProps> = {}): Template {
  const stack = new StorageStack(createApp(), 'storage', {
    env: { account: '111122223333', region: 'eu-central-1' },
    stage: 'dev',
    tableName: 'steppe-dev-sessions',
    key: 'aws-managed',
    namespace: 'steppe',
    ...props,
  });
  return Template.fromStack(stack);
}

test('the table of prod is protected and retained', () => {
  const template = synthesize({ stage: 'prod' });
  template.hasResource('AWS::DynamoDB::Table', {
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: Match.objectLike({ DeletionProtectionEnabled: true }),
  });
});

test('the data-plane may get items of the table, and nothing else', () => {
  synthesize().hasResourceProperties('AWS::IAM::Role', {
    Description: 'The data-plane of Steppe',
    Policies: [
      {
        PolicyName: 'sessions',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: tableArn }],
        },
      },
    ],
  });
});

test('the control-plane may write items of the table and query its two indexes', () => {
  synthesize().hasResourceProperties('AWS::IAM::Role', {
    Description: 'The control-plane of Steppe',
    Policies: [
      {
        PolicyName: 'sessions',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['DeleteItem', 'GetItem', 'PutItem', 'UpdateItem'].map(
                (action) => `dynamodb:${action}`,
              ),
              Resource: tableArn,
            },
            {
              Effect: 'Allow',
              Action: 'dynamodb:Query',
              Resource: ['by_tenant', 'live'].map((index) => ({
                'Fn::Join': ['', [tableArn, `/index/${index}`]],
              })),
            },
          ],
        },
      },
    ],
  });
});

test('a customer key can be used through DynamoDB of the region alone', () => {
  const template = synthesize({ key: 'customer' });
  template.hasResourceProperties('AWS::DynamoDB::Table', {
    SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
  });
  const roles = Object.values(template.findResources('AWS::IAM::Role'));
  expect(roles).toHaveLength(2);
  for (const role of roles) {
    const statements = role.Properties.Policies[0].PolicyDocument.Statement;
    expect(statements.at(-1)).toEqual({
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
      Condition: {
        StringEquals: { 'kms:ViaService': 'dynamodb.eu-central-1.amazonaws.com' },
      },
    });
  }
});

test('a role can be assumed by the pods of its plane in the namespace alone', () => {
  synthesize({ namespace: 'sessions' }).hasResourceProperties('AWS::IAM::Role', {
    AssumeRolePolicyDocument: {
      Statement: [
        {
          Principal: { Service: 'pods.eks.amazonaws.com' },
          Action: ['sts:AssumeRole', 'sts:TagSession'],
          Condition: {
            StringEquals: {
              'aws:RequestTag/kubernetes-namespace': 'sessions',
              'aws:RequestTag/kubernetes-service-account': 'steppe-data-plane',
            },
          },
        },
      ],
    },
  });
});

test('the planes use a restored table, and the one of the stack stays', () => {
  const template = synthesize({ stage: 'prod', restored: 'steppe-restored' });
  template.resourceCountIs('AWS::DynamoDB::Table', 1);
  template.hasResourceProperties('AWS::SSM::Parameter', {
    Name: '/steppe/prod/table',
    Value: 'steppe-restored',
  });
  const roles = JSON.stringify(template.findResources('AWS::IAM::Role'));
  expect(roles).toContain(':table/steppe-restored');
  expect(roles).not.toContain('TableCD117FA1');
});

test('the values of the chart are parameters under the name of the stage', () => {
  const parameters = synthesize().findResources('AWS::SSM::Parameter');
  expect(Object.values(parameters).map(({ Properties }) => Properties.Name)).toEqual([
    '/steppe/dev/table',
    '/steppe/dev/control-plane-role',
    '/steppe/dev/data-plane-role',
  ]);
});
