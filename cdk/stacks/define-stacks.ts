import type { App } from 'aws-cdk-lib';
import type { StageSettings } from '../stage/settings.ts';
import { StorageStack } from './storage-stack.ts';

export function defineStacks(
  app: App,
  { stage, account, region, namespace, table }: StageSettings,
) {
  const env = { account, region };
  new StorageStack(app, `steppe-${stage}-storage`, {
    env,
    stage,
    namespace,
    tableName: table.name ?? `steppe-${stage}-sessions`,
    key: table.key,
  });
}
