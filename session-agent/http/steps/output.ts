import type { ServerResponse } from 'node:http';
import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { AppError } from '@steppe/service-kit/http/app-error';
import { streamedResponse } from '@steppe/service-kit/http/call';
import { refuseQuery } from '@steppe/service-kit/http/parse-input';
import { rawOutput } from '../../spool/raw-output.ts';
import { rangeNotSatisfiable, readRange } from '../byte-range.ts';
import { sessionRoute } from '../route.ts';

/**
 * Streams the bytes of stdout or stderr that are kept; while the step runs, those that exist when
 * the request arrives, without a length.
 */
export const getOutput = sessionRoute(async (call, { journal }) => {
  refuseQuery(call.search);
  const step = journal.get(call.params.step_id ?? '');
  const stream = call.params.stream;
  if (stream !== 'stdout' && stream !== 'stderr')
    throw new AppError('route_not_found', errorMessages.route_not_found());
  const { bytes, droppedBytes, read } = rawOutput(step.spooled(), stream);
  const total = step.hasEnded ? String(bytes) : '*';
  const range = readRange(call.incoming.headers.range, bytes);
  if (range === 'unsatisfiable') throw rangeNotSatisfiable(bytes);
  const { start, end } = range ?? { start: 0, end: bytes - 1 };
  const outgoing = streamedResponse(call);
  outgoing.writeHead(range ? 206 : 200, {
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-store',
    'Content-Type': 'text/plain; charset=utf-8',
    'Steppe-Dropped-Bytes': droppedBytes,
    ...((range || step.hasEnded) && { 'Content-Length': end - start + 1 }),
    ...(range && { 'Content-Range': `bytes ${start}-${end}/${total}` }),
  });
  try {
    await send(read(start, end + 1), outgoing);
  } catch {
    // The rest was dropped: an aborted response is not taken for whole.
    outgoing.destroy();
  }
});

/** Sends each batch before the next is read, which takes its place in memory. */
async function send(batches: AsyncIterable<Buffer[]>, outgoing: ServerResponse): Promise<void> {
  let settle = () => {};
  outgoing.once('close', () => settle());
  for await (const pieces of batches) {
    const last = pieces.pop();
    if (!last) continue;
    for (const piece of pieces) outgoing.write(piece);
    await new Promise<void>((resolve) => {
      settle = resolve;
      outgoing.write(last, () => resolve());
    });
    if (outgoing.destroyed) return;
  }
  outgoing.end();
}
