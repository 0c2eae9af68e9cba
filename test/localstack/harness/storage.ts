import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { readTestConfig } from './config.ts';

/** The stage that is deployed into LocalStack. */
export const stage = 'localstack';

const outputsSchema = z.object({
  [`steppe-${stage}-storage`]: z.object({
    TableName: z.string(),
    ControlPlaneRoleArn: z.string(),
    DataPlaneRoleArn: z.string(),
  }),
});

export interface Storage {
  tableName: string;
  roleArns: Readonly<Record<'control-plane' | 'data-plane', string>>;
}

/** The outputs of the deployed Storage stack. */
export function readStorage(): Storage {
  const { storageFile } = readTestConfig();
  const outputs = outputsSchema.parse(JSON.parse(readFileSync(storageFile, 'utf8')));
  const { TableName, ControlPlaneRoleArn, DataPlaneRoleArn } = outputs[`steppe-${stage}-storage`];
  return {
    tableName: TableName,
    roleArns: { 'control-plane': ControlPlaneRoleArn, 'data-plane': DataPlaneRoleArn },
  };
}
