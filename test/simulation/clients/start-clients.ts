import { sessionSchema } from '@steppe/contracts/session';
import { wordsOf } from '../../chaos/drive/api-caller.ts';
import { MalformedResponseError, readResponse } from '../../chaos/drive/read-response.ts';
import { ClientSession } from './client-session.ts';
import { createSession } from './create-session.ts';
import { endSession } from './end-session.ts';
import { type Client, type ClientParts, openClient } from './open-client.ts';
import { useSession } from './use-session.ts';

/** Each is one tenant. */
export const clientNumbers: readonly number[] = [1, 2, 3, 4];
const sessionsPerClient = 4;
/** From here on a seed belongs to a night. */
export const firstNightSeed = 10_000;
const nightSize = 4;
/** So many at once are more than the quota allows. */
const mostAtOnce = 4;
/** When the planes have started, and the pool is being filled. */
const startAfterMs = 3_000;
const readyLimitMs = 120_000;

/** How many times as many sessions, uses of each, and time between disasters a seed has as in CI. */
export const sizeOf = (seed: number): number => (seed < firstNightSeed ? 1 : nightSize);

/** Starts clients that use sessions, each in its own process. Calls `onDone` when all have left. */
export function startClients(
  parts: ClientParts,
  { numbers, size }: { numbers: readonly number[]; size: number },
  onDone: () => void,
): void {
  const { kernel, history } = parts;
  const neighbours = new Map<string, string>();
  let running = numbers.length;
  for (const number of numbers) {
    const name = `tenant${number}`;
    const process = kernel.createProcess(name);
    kernel.schedule(startAfterMs, process, 'start', () => {
      const client = openClient({ ...parts, neighbours }, name);
      runClient(client, size)
        .catch((error) => history.violate('process-sound', `${name}: ${error.stack ?? error}`))
        .finally(() => {
          running -= 1;
          if (running === 0) kernel.schedule(0, kernel.world, 'clients done', onDone);
        });
    });
  }
  if (numbers.length === 0) kernel.schedule(0, kernel.world, 'clients done', onDone);
}

async function runClient(client: Client, size: number): Promise<void> {
  const { random, name, history } = client;
  const length = size * sessionsPerClient;
  const labels = Array.from({ length }, (_, at) => `${name}-${at + 1}`);
  const runAll = async () => {
    for (let label = labels.shift(); label; label = labels.shift())
      await runSession(client, label, size).catch((error) => {
        if (!(error instanceof MalformedResponseError)) throw error;
        history.violate('response-explained', error.message);
      });
  };
  await Promise.all(Array.from({ length: 1 + random.int(mostAtOnce) }, runAll));
  await client.close();
}

/** One session from its create to its end, or until it is left to its idle timeout. */
async function runSession(client: Client, label: string, size: number): Promise<void> {
  const { random, clock, neighbours, name } = client;
  const created = await createSession(client, label);
  if (!created) return;
  const { session_id: id, state } = created;
  neighbours.set(id, name);
  const session = new ClientSession(client, id, label);
  // Some are not wanted any more while their create goes on.
  const isUnwanted = random.chance(state === 'provisioning' ? 0.3 : 0.05);
  if (isUnwanted) await clock.sleep(random.pick([0, 100, 1_000, 3_000]));
  if (isUnwanted || !(await awaitReady(session))) return endSession(session);
  for (let count = size * (4 + random.int(14)); count > 0 && !session.isOver; count -= 1) {
    await useSession(session);
    await clock.sleep(random.pick([0, 0, 0, 1, 1, 20, 50, 50, 500, 3_000]));
  }
  if (session.isOver || random.chance(0.25)) return;
  await endSession(session);
}

/** @returns false if it failed, or is not ready in time. */
async function awaitReady({ client, id }: ClientSession): Promise<boolean> {
  const { clock, random, history } = client;
  for (const untilMs = clock.now() + readyLimitMs; clock.now() < untilMs; ) {
    const reply = await client.call({ method: 'GET', path: `/v1/sessions/${id}` });
    const found =
      reply.kind === 'response' ? await readResponse(reply.response, sessionSchema) : undefined;
    if (found && found.state !== 'provisioning') return found.state === 'ready';
    if (reply.kind === 'refusal' && reply.error.code === 'session_not_found')
      history.violate('response-explained', `${id} was created: ${wordsOf(reply)}`);
    await clock.sleep(random.between(100, 1_000));
  }
  return false;
}
