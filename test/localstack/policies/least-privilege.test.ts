import { expect, test } from 'vitest';
import { readTestConfig } from '../harness/config.ts';
import { readUses, type Use } from '../harness/recorder.ts';
import { allowedBy } from '../harness/role-policies.ts';
import { readStorage } from '../harness/storage.ts';

const { region, usesFile } = readTestConfig();
const { tableName, roleArns } = readStorage();
const account = '000000000000';

/** As `allowedBy` writes what a policy allows. */
function permissionFor({ action, tableName, indexName }: Use): string {
  const table = `arn:aws:dynamodb:${region}:${account}:table/${tableName}`;
  return `${action} on ${indexName === undefined ? table : `${table}/index/${indexName}`}`;
}

test.each(['control-plane', 'data-plane'] as const)(
  'the role of the %s allows exactly what it did in the whole-path suite',
  async (plane) => {
    const used = readUses(usesFile).filter(({ service }) => service === plane);
    expect(used, 'nothing was recorded: run test/localstack/whole-path too').not.toEqual([]);
    expect(new Set(used.map((use) => use.tableName))).toEqual(new Set([tableName]));
    expect(await allowedBy(roleArns[plane])).toEqual(
      [...new Set(used.map(permissionFor))].toSorted(),
    );
  },
);
