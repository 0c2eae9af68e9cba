import { type App, Tags } from 'aws-cdk-lib';
import type { ServiceSettings, StageSettings } from '../stage/settings.ts';
import { ClusterStack } from './cluster-stack.ts';
import { ImagesStack } from './images-stack.ts';
import { ObserveStack } from './observe-stack.ts';
import { StorageStack } from './storage-stack.ts';
import { WorkloadStack } from './workload-stack.ts';

/**
 * Storage alone if the settings describe no service. Workload needs a release: images that are in
 * the repositories, and keys.
 */
export function defineStacks(app: App, settings: StageSettings): void {
  const { stage, account, region, namespace, table } = settings;
  Tags.of(app).add('steppe:stage', stage);
  const storage = new StorageStack(app, `steppe-${stage}-storage`, {
    env: { account, region },
    stage,
    namespace,
    tableName: table.name ?? `steppe-${stage}-sessions`,
    key: table.key,
    restored: table.restored,
  });
  if (settings.service !== undefined) defineService(app, settings, settings.service, storage);
}

function defineService(
  app: App,
  { stage, account, region, namespace, release }: StageSettings,
  service: ServiceSettings,
  storage: StorageStack,
): void {
  const env = { account, region };
  const { registry } = new ImagesStack(app, `steppe-${stage}-images`, { env, stage });
  const { cluster, nodesReady } = new ClusterStack(app, `steppe-${stage}-cluster`, {
    env,
    stage,
    namespace,
    service,
    roles: storage.roles,
  });
  new ObserveStack(app, `steppe-${stage}-observe`, {
    env,
    stage,
    namespace,
    table: storage.table,
    cluster,
    retentionDays: service.retentionDays,
    alarmEmail: service.alarmEmail,
  }).node.addDependency(nodesReady);
  if (release === undefined) return;
  new WorkloadStack(app, `steppe-${stage}-workload`, {
    env,
    stage,
    namespace,
    service,
    release,
    cluster,
    registry,
    tableName: storage.tableName,
  });
}
