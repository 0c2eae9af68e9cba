import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { createSessionMetrics } from '../../sessions/session-metrics.ts';
import { readEndSessionsConfig } from '../config.ts';
import { createNamedObjects, type ObjectName } from '../named-objects.ts';
import { runProgram } from '../run-program.ts';
import { endSessions } from './end-sessions.ts';
import { createInstalledCluster } from './installed-cluster.ts';

const config = readEndSessionsConfig();
const { NAMESPACE: namespace, SESSIONS_NAMESPACE: sessionsNamespace } = config;

const madeByHooks: ObjectName[] = [
  ...config.SECRETS.map((name) => ({ kind: 'Secret', namespace, name }) as const),
  ...config.CONFIG_MAPS.map((name) => ({ kind: 'ConfigMap', namespace, name }) as const),
];
if (config.PUBLIC_KEYS_CONFIG_MAP)
  madeByHooks.push({
    kind: 'ConfigMap',
    namespace: sessionsNamespace,
    name: config.PUBLIC_KEYS_CONFIG_MAP,
  });

await runProgram('end-sessions', async ({ caller, clock, ids, logger, print }) => {
  const client = createDynamoDbClient({
    region: config.AWS_REGION,
    endpoint: config.DYNAMODB_ENDPOINT,
  });
  const { CONTROL_PLANE_DEPLOYMENT: deployment, CONTROL_PLANE_SELECTOR: selector } = config;
  try {
    const parts = {
      cluster: createInstalledCluster(caller, {
        namespace,
        sessionsNamespace,
        controlPlane: { deployment, selector },
      }),
      store: createDynamoDbSessionStore({ client, tableName: config.SESSIONS_TABLE, clock, ids }),
      metrics: createSessionMetrics(createRegistry('end-sessions')),
      clock,
      logger,
    };
    const ended = await endSessions(parts, clock.limit(config.TIME_LIMIT_SECONDS * 1000));
    const objects = createNamedObjects(caller);
    for (const object of madeByHooks) await objects.remove(object);
    print(`Ended ${ended} sessions and deleted their pods.`);
    if (config.KEEPS_TABLE) print(`The table ${config.SESSIONS_TABLE} is kept.`);
    if (config.KEEPS_SESSIONS_NAMESPACE)
      print(`The namespace ${sessionsNamespace} existed before and is kept.`);
  } finally {
    client.destroy();
  }
});
