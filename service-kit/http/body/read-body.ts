import type { IncomingMessage } from 'node:http';
import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { Clock } from '../../process/clock.ts';
import { AppError } from '../app-error.ts';
import type { BodyShare } from './body-budget.ts';

export interface ReadBodyOptions {
  maxBytes: number;
  clock: Clock;
  /** The time within which the whole body has to arrive. */
  limitMs?: number | undefined;
  /** How long it may make no progress. */
  stallMs?: number | undefined;
  /** The share that its bytes are taken from; without one they are not counted. */
  share?: BodyShare | undefined;
}

/**
 * A body of several megabytes has time on a slow line; an incomplete one does not hold a connection
 * forever.
 */
export const bodyLimitMs = 60_000;
export const bodyStallMs = 5_000;

/**
 * Returns a body of known length if all of it is here already; otherwise undefined, and nothing was
 * read. A short body arrives together with its head, and the parser delivers it as soon as the code
 * that runs then yields.
 * @throws AppError `rate_limited`
 */
export function takeArrivedBody(
  incoming: IncomingMessage,
  { maxBytes, share }: Pick<ReadBodyOptions, 'maxBytes' | 'share'>,
): Buffer | undefined {
  const announced = Number(incoming.headers['content-length'] ?? 0);
  const isHere = announced > 0 && incoming.readableLength >= announced;
  if (!isHere || announced > maxBytes || incoming.destroyed) return undefined;
  share?.take(announced);
  const body = incoming.read();
  // Without a reader, the stream would never end.
  incoming.resume();
  return body;
}

/**
 * Reads a body into memory. An announced length is taken from the share before the first byte;
 * otherwise each chunk is taken when it arrives.
 * @throws AppError `payload_too_large` as soon as more than `maxBytes` are announced or have
 * arrived, `rate_limited`, or `invalid_request` for a body that is late, stalls or is interrupted
 */
export async function readBody(
  incoming: IncomingMessage,
  options: ReadBodyOptions,
): Promise<Buffer> {
  const { maxBytes, share } = options;
  if (!hasBody(incoming)) return Buffer.alloc(0);
  const announced = Number(incoming.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  share?.take(announced);
  const chunks: Buffer[] = [];
  let size = 0;
  await collect(incoming, options, (chunk) => {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    // Node delivers no more bytes than were announced.
    if (announced === 0) share?.take(chunk.length);
    chunks.push(chunk);
  });
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** Calls `take` with each chunk. If it throws, reading stops, and the server handles the rest. */
function collect(
  incoming: IncomingMessage,
  { clock, limitMs = bodyLimitMs, stallMs = bodyStallMs }: ReadBodyOptions,
  take: (chunk: Buffer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      stopLateTimer();
      stopStallTimer();
      incoming.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    const fail = (error: unknown) => {
      stop();
      incoming.pause();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      stopStallTimer();
      stopStallTimer = startStallTimer();
      chunks++;
      try {
        take(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = () => {
      stop();
      resolve();
    };
    const onClose = () => fail(brokeOff());
    let chunks = 0;
    const stopLateTimer = clock.after(limitMs, () => fail(late(limitMs)));
    const startStallTimer = () =>
      clock.after(stallMs, () => {
        const before = chunks;
        // Data that arrived while this process was busy is read before the client is checked.
        setImmediate(() => chunks === before && fail(stalled(stallMs)));
      });
    let stopStallTimer = startStallTimer();
    // `close` follows and reports the same. The listener stays: a client may leave later, and an
    // error without a listener would end the process.
    incoming.on('error', () => {});
    incoming.on('data', onData).once('end', onEnd).once('close', onClose);
    if (incoming.destroyed) onClose();
  });
}

const tooLarge = (maxBytes: number): AppError =>
  new AppError('payload_too_large', errorMessages.payload_too_large('the body', maxBytes), {
    details: { limit: 'body', max_bytes: maxBytes },
  });

const brokeOff = (): AppError =>
  new AppError('invalid_request', 'the connection broke before the body was complete');

/** The rest of the body is not read. */
const closing = { Connection: 'close' };

const late = (limitMs: number): AppError =>
  new AppError('invalid_request', `the body was not complete within ${limitMs} ms`, {
    headers: closing,
  });

const stalled = (stallMs: number): AppError =>
  new AppError(
    'invalid_request',
    `the body made no progress for ${stallMs} ms; nothing was done: send it again`,
    {
      retryable: true,
      headers: closing,
    },
  );

/** True for a request that announces a body that is not empty, or whose length is not known yet. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
