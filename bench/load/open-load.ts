import { Worker } from 'node:worker_threads';
import * as z from 'zod';
import { createRandom } from '../../test/support/random.ts';
import { encodeRequest } from './connection.ts';
import { createConnectionPool } from './connection-pool.ts';
import { poissonDueTimes } from './due-times.ts';
import type { LoadResult, LoadSpec } from './load-spec.ts';
import { monotonicMs } from './monotonic-ms.ts';

type OpenSpec = Extract<LoadSpec, { kind: 'open' }>;

/** The pacer's thread needs this long to start, so that even the first request is sent on time. */
const leadMs = 100;

/**
 * Sends each request when it is due; a latency includes the time that a request waited to be sent.
 */
export async function runOpenLoad(spec: OpenSpec): Promise<LoadResult> {
  const random = createRandom(spec.seed);
  const dueTimes = poissonDueTimes({ ...spec, random });
  const requests = inOrder(spec, dueTimes.length, random);
  const startedAt = monotonicMs() + leadMs;
  const workerData = { dueTimes, startedAt };
  const pacer = new Worker(new URL('./pacer.mjs', import.meta.url), { workerData });
  const latenciesMs: number[] = [];
  let bytes = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      const pool = createConnectionPool(spec.port, reject);
      const send = (request: Buffer, dueMs: number) => {
        const connection = pool.take();
        connection.send(request, (response) => {
          latenciesMs.push(monotonicMs() - startedAt - dueMs);
          bytes += response.bytes;
          pool.giveBack(connection);
          if (latenciesMs.length < dueTimes.length) return;
          pool.close();
          resolve();
        });
      };
      let sent = 0;
      pacer.on('error', reject);
      pacer.on('message', (message) => {
        const due = z.number().parse(message);
        for (; sent < due; sent++) send(requests(sent), dueTimes[sent] ?? 0);
      });
    });
  } finally {
    await pacer.terminate();
  }
  return { latenciesMs, bytes, seconds: spec.seconds };
}

/** Which request goes out at each position. */
function inOrder(
  spec: OpenSpec,
  count: number,
  random: () => number,
): (position: number) => Buffer {
  const buffers = spec.requests.map(encodeRequest);
  const chosen = Array.from({ length: count }, (_, position) =>
    spec.order === 'in turn' ? position % buffers.length : Math.floor(random() * buffers.length),
  );
  return (position) => buffers[chosen[position] ?? 0] ?? Buffer.alloc(0);
}
