import { setTimeout as delay } from 'node:timers/promises';
import { sessionListSchema } from '@steppe/contracts/session';
import type { SessionStore } from '@steppe/session-store/ports';
import { findRemains, isNothing, type Remains } from '../../soak/inspect.ts';
import type { SoakInstances } from '../../soak/soak-cluster.ts';
import type { Client } from '../../support/api/client.ts';

/** Longer than a few passes of the reconciler. */
const settleMs = 60_000;
const pauseMs = 500;

/** Deletes the sessions whose create was lost with its response, and counts what is then left. */
export async function findLeftovers(
  client: Client,
  store: SessionStore,
  instances: SoakInstances,
): Promise<string[]> {
  let remains: Remains;
  const until = Date.now() + settleMs;
  for (;;) {
    await deleteAll(client);
    remains = await findRemains({ store, instances, warmInstances: 0 });
    if (isNothing(remains) || Date.now() > until) break;
    await delay(pauseMs);
  }
  const counts = { ...remains, ...(await instances.leaked()) };
  return Object.entries(counts).flatMap(([what, count]) =>
    count === 0 ? [] : [`${what}: ${count}`],
  );
}

async function deleteAll(client: Client): Promise<void> {
  const list = await client.call('GET', '/v1/sessions?state=ready');
  const { sessions } = sessionListSchema.parse(await list.json());
  for (const { session_id: id } of sessions) await client.call('DELETE', `/v1/sessions/${id}`);
}
