import { type Connection, encodeRequest, openConnection } from './connection.ts';
import type { LoadResult, LoadSpec } from './load-spec.ts';
import { monotonicMs } from './monotonic-ms.ts';

/** Keeps each connection busy with one request after the other. */
export async function runClosedLoad(
  spec: Extract<LoadSpec, { kind: 'closed' }>,
): Promise<LoadResult> {
  const { port, until } = spec;
  const buffers = spec.requests.map(encodeRequest);
  const latenciesMs: number[] = [];
  let bytes = 0;
  let next = 0;
  const startedAt = monotonicMs();
  const isOver = (done: number) =>
    'seconds' in until ? monotonicMs() - startedAt >= until.seconds * 1000 : done >= until.requests;
  const drive = async () => {
    let connection: Connection | undefined;
    await new Promise<void>((resolve, reject) => {
      const opened = openConnection(port, reject);
      connection = opened;
      let done = 0;
      const sendNext = () => {
        if (isOver(done)) return resolve();
        const sentAt = monotonicMs();
        opened.send(buffers[next++ % buffers.length] ?? Buffer.alloc(0), (response) => {
          latenciesMs.push(monotonicMs() - sentAt);
          bytes += response.bytes;
          done += 1;
          sendNext();
        });
      };
      sendNext();
    }).finally(() => connection?.close());
  };
  await Promise.all(Array.from({ length: spec.connections }, drive));
  return { latenciesMs, bytes, seconds: (monotonicMs() - startedAt) / 1000 };
}
