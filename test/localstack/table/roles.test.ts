import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { expect, test } from 'vitest';
import { decode, roleNameOf } from '../harness/role-policies.ts';
import { readStorage, stage } from '../harness/storage.ts';

const { tableName, roleArns } = readStorage();

test.each(['control-plane', 'data-plane'] as const)(
  'only pods of the %s can assume its role',
  async (plane) => {
    const client = new IAMClient();
    const { Role } = await client.send(
      new GetRoleCommand({ RoleName: roleNameOf(roleArns[plane]) }),
    );
    client.destroy();
    expect(decode(Role?.AssumeRolePolicyDocument)).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['sts:AssumeRole', 'sts:TagSession'],
          Principal: { Service: 'pods.eks.amazonaws.com' },
          Condition: {
            StringEquals: {
              'aws:RequestTag/kubernetes-namespace': 'steppe',
              'aws:RequestTag/kubernetes-service-account': `steppe-${plane}`,
            },
          },
        },
      ],
    });
  },
);

test('the parameters name the table and the roles', async () => {
  const client = new SSMClient();
  const { Parameters } = await client.send(
    new GetParametersByPathCommand({ Path: `/steppe/${stage}/`, Recursive: true }),
  );
  client.destroy();
  const values = Parameters?.map(({ Name, Value }) => [Name, Value]);
  expect(Object.fromEntries(values ?? [])).toEqual({
    [`/steppe/${stage}/table`]: tableName,
    [`/steppe/${stage}/control-plane-role`]: roleArns['control-plane'],
    [`/steppe/${stage}/data-plane-role`]: roleArns['data-plane'],
  });
});
