import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../process/clock.ts';
import { AppError } from '../app-error.ts';
import type { BodyShare } from './body-budget.ts';
import { hasBody } from './has-body.ts';

export interface ReadBodyOptions {
  maxBytes: number;
  clock: Clock;
  /** The time in which the body has to come whole. */
  limitMs?: number | undefined;
  /** How long it may make no progress. */
  stallMs?: number | undefined;
  /** What its bytes are taken from; without one they are not counted. */
  share?: BodyShare | undefined;
}

/**
 * A body of megabytes has time on a slow line; one that is never whole does not hold a connection
 * for ever.
 */
const bodyLimitMs = 60_000;
const bodyStallMs = 5_000;

/**
 * Reads a body into memory. A length that is announced is taken from the share before the first
 * byte, else each chunk as it comes.
 * @throws AppError `payload_too_large` as soon as more than `maxBytes` are announced or have come,
 * `rate_limited`, or `invalid_request` for what is late, stalls or breaks off
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
    // A server gives no byte more than was announced.
    if (announced === 0) share?.take(chunk.length);
    chunks.push(chunk);
  });
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/**
 * Calls `take` with each chunk. What it throws ends the reading, and what still comes is left to
 * the server.
 */
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
        // What came while this process was busy is taken before the client is checked.
        setImmediate(() => chunks === before && fail(stalled(stallMs)));
      });
    let stopStallTimer = startStallTimer();
    // `close` follows, and says the same. The listener stays: a client that leaves later must not
    // find nobody listening.
    incoming.on('error', () => {});
    incoming.on('data', onData).once('end', onEnd).once('close', onClose);
    if (incoming.destroyed) onClose();
  });
}

const tooLarge = (maxBytes: number): AppError =>
  new AppError('payload_too_large', `the body is larger than ${maxBytes} bytes`, {
    details: { limit: 'body', max_bytes: maxBytes },
  });

const brokeOff = (): AppError =>
  new AppError('invalid_request', 'the connection broke before the body was complete');

/** What still comes of it is not read. */
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
