import { setTimeout as delay } from 'node:timers/promises';
import type { SessionsClient } from './sessions-client.ts';
import type { SoakTally } from './soak-tally.ts';
import { drawWay, live } from './ways-to-end.ts';

interface Driven {
  client: SessionsClient;
  instancesDirectory: string;
  /** More than this at once is a burst, which the quota cuts. */
  quota: number;
  random: () => number;
  tally: SoakTally;
  /** No session is made after it. */
  over: AbortSignal;
}

const meanPauseMs = 850;
const burstShare = 0.04;

/** Makes sessions, one after the other and now and then more than the quota lets, and ends them; resolves when it asks for no more. */
export async function driveTenant(driven: Driven): Promise<void> {
  const { quota, random, over } = driven;
  const running = new Set<Promise<void>>();
  while (!over.aborted) {
    const count = random() < burstShare ? quota + 2 : 1;
    for (let made = 0; made < count; made += 1) {
      const session = makeAndEnd(driven).finally(() => running.delete(session));
      running.add(session);
    }
    await delay(meanPauseMs * (0.5 + random()), undefined, { signal: over }).catch(() => undefined);
  }
  await Promise.all(running);
}

async function makeAndEnd({ client, instancesDirectory, random, tally, over }: Driven): Promise<void> {
  const { name, way } = drawWay(random);
  const runtime = random() < 0.5 ? 'python' : 'node';
  const created = await client.create({ runtime, ...way.lifetime });
  if (!over.aborted) tally.asked(created);
  if (created.outcome !== 'created') return;
  const { session } = created;
  await live({ client, session }, random);
  await way.end({ client, session, instancesDirectory });
  tally.ended(name);
}
