import { stepResultSchema } from '@steppe/contracts/step';
import type { Client } from '../../support/api/client.ts';

/** Clients that run steps, and create and delete sessions, until they are stopped. */
export interface SessionLoad {
  /** How many steps each session has completed. */
  completed(): number[];
  /** Lets running calls finish. @returns how often each failure occurred. */
  stop(): Promise<Record<string, number>>;
}

/** A step that counts, and takes long enough that some run whenever a data-plane terminates. */
const addOne = 'import time\ntime.sleep(0.1)\nn += 1\nn';

/**
 * Starts `count` sessions that run one step after another, and a client that creates and deletes
 * sessions. Half of the sessions keep their connections, the others open one for each call. A call
 * that fails counts as a failure even if its retry succeeds.
 */
export async function startLoad(client: Client, count: number): Promise<SessionLoad> {
  const failures: Record<string, number> = {};
  const fail = (failure: string) => {
    failures[failure] = (failures[failure] ?? 0) + 1;
  };
  const stopping = new AbortController();
  const counters = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      startCounter(client, at % 2 === 0 ? 'keep-alive' : 'close'),
    ),
  );
  const repeat = async (call: () => Promise<void>) => {
    while (!stopping.signal.aborted) await call().catch((error) => fail(describe(error)));
  };
  const loops = [...counters.map(({ count }) => count), () => createAndDelete(client)].map(repeat);
  return {
    completed: () => counters.map(({ completed }) => completed()),
    async stop() {
      stopping.abort();
      await Promise.all(loops);
      for (const { check } of counters) await check().catch((error) => fail(describe(error)));
      return failures;
    },
  };
}

async function startCounter(client: Client, connection: string) {
  const { session_id: id } = await client.createSession();
  await client.run(id, 'n = 0');
  let completed = 0;
  return {
    completed: () => completed,
    /** Runs the next step. If that fails, the next call joins it by its id. */
    async count(): Promise<void> {
      const body = { code: addOne, step_id: `add-${completed + 1}` };
      const path = `/v1/sessions/${id}/steps`;
      const response = await client.call('POST', path, body, { connection });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`step: ${response.status} ${text}`);
      const { results, status } = stepResultSchema.parse(JSON.parse(text));
      completed += 1;
      const n = results[0]?.['text/plain'];
      if (n !== `${completed}`) throw new Error(`step: ${status} with ${n}, not ${completed}`);
    },
    /** A step that ran twice has counted twice. */
    async check(): Promise<void> {
      const n = (await client.run(id, 'n')).results[0]?.['text/plain'];
      if (n !== `${completed}`) throw new Error(`${n} steps ran, ${completed} completed`);
    },
  };
}

async function createAndDelete(client: Client): Promise<void> {
  const { session_id: id } = await client.createSession();
  await client.run(id, '6 * 7');
  const { status } = await client.call('DELETE', `/v1/sessions/${id}`);
  if (status !== 204) throw new Error(`delete: ${status}`);
}

/** The causes of a failed fetch say whether its connection was refused. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause ? `${error.message}: ${describe(error.cause)}` : error.message;
}
