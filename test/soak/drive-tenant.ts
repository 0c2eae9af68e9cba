import { setTimeout as delay } from 'node:timers/promises';
import type { SessionsClient } from './sessions-client.ts';
import type { SoakInstances } from './soak-cluster.ts';
import type { SoakTally } from './soak-tally.ts';
import { drawWay, live } from './ways-to-end.ts';

interface Driven {
  client: SessionsClient;
  instances: SoakInstances;
  /** More creates than this at once are a burst, and the quota refuses the excess. */
  quota: number;
  random: () => number;
  tally: SoakTally;
  /** No session is created after this aborts. */
  over: AbortSignal;
}

const meanPauseMs = 480;
const burstShare = 0.03;
/**
 * A machine that cannot keep up creates sessions at its own pace: concurrent creates would be
 * slower still.
 */
const mostAtOnce = 1;

/**
 * Creates sessions one after another, occasionally more at once than the quota allows, and ends
 * them. Resolves when it stops creating sessions.
 */
export async function driveTenant(driven: Driven): Promise<void> {
  const { quota, random, over } = driven;
  const running = new Set<Promise<void>>();
  let creating = 0;
  const begin = () => {
    creating += 1;
    const isMade = () => {
      creating -= 1;
    };
    const session = makeAndEnd(driven, isMade).finally(() => running.delete(session));
    running.add(session);
  };
  while (!over.aborted) {
    if (random() < burstShare) for (let made = 0; made < quota + 2; made += 1) begin();
    else if (creating < mostAtOnce) begin();
    await delay(meanPauseMs * (0.5 + random()), undefined, { signal: over }).catch(() => undefined);
  }
  await Promise.all(running);
}

async function makeAndEnd(
  { client, instances, random, tally, over }: Driven,
  isMade: () => void,
): Promise<void> {
  const { name, way } = drawWay(random);
  const runtime = random() < 0.9 ? 'python' : 'node';
  const created = await client.create({ runtime, ...way.lifetime });
  isMade();
  if (!over.aborted) tally.requested(created);
  if (created.outcome !== 'created') return;
  const { session } = created;
  await live({ client, session }, random);
  await way.end({ client, session, instances });
  tally.ended(name);
}
