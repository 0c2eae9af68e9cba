import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { AppError } from '@steppe/service-kit/http/app-error';

export interface UploadBody {
  stream: Readable;
  /** True while the next byte has to come from the client. */
  waitsForClient(): boolean;
}

interface UploadOptions {
  onChunk: () => void;
  /** The client broke off its upload. */
  onBroken: () => void;
  /** How often is looked whether anything comes. */
  stallLimitMs: number;
  onStalled: (error: AppError) => void;
}

/** Less than this in the time of the limit is not progress. */
const leastBytes = 1024;

/**
 * The client's body as a stream of its own: undici destroys the body of a request that ends early,
 * and destroying the incoming message would cut the connection that the response has to leave by.
 * Takes nothing before it is read.
 */
export function createUploadBody(incoming: IncomingMessage, options: UploadOptions): UploadBody {
  const { onChunk, onBroken, stallLimitMs, onStalled } = options;
  let isAttached = false;
  let waitsForClient = false;
  let bytes = 0;
  let stallTimer: NodeJS.Timeout | undefined;

  const take = (chunk: Buffer) => {
    onChunk();
    bytes += chunk.length;
    if (stream.push(chunk)) return;
    waitsForClient = false;
    incoming.pause();
  };
  /**
   * A body of hours is welcome while it makes progress; that nobody here takes it is not the
   * client's fault.
   */
  const look = () => {
    if (stream.destroyed || incoming.readableEnded) return;
    if (waitsForClient && bytes < leastBytes) return onStalled(stalled(stallLimitMs));
    bytes = 0;
    stallTimer?.refresh();
  };
  const finish = () => {
    clearTimeout(stallTimer);
    waitsForClient = false;
    stream.push(null);
  };
  const interrupt = () => {
    if (incoming.readableEnded) return;
    onBroken();
    stream.destroy(new Error('the client broke off its upload'));
  };
  const attach = () => {
    isAttached = true;
    // What came while this process was busy is taken before it is checked.
    stallTimer = setTimeout(() => setImmediate(look), stallLimitMs);
    incoming.on('data', take).once('end', finish).on('error', interrupt).once('close', interrupt);
    if (incoming.destroyed) interrupt();
  };
  const detach = () => {
    clearTimeout(stallTimer);
    if (!isAttached) return;
    // `error` stays: a client that leaves later must not find nobody listening.
    incoming.off('data', take).off('end', finish).off('close', interrupt).pause();
  };

  const stream = new Readable({
    read() {
      waitsForClient = true;
      if (!isAttached) attach();
      incoming.resume();
    },
    destroy(error, callback) {
      detach();
      callback(error);
    },
  });
  // undici listens only until its request has ended.
  stream.on('error', () => {});
  return { stream, waitsForClient: () => waitsForClient };
}

const stalled = (limitMs: number): AppError =>
  new AppError(
    'invalid_request',
    `the upload stalled for ${limitMs / 1000} s before it was complete; nothing was written: send it again`,
    {
      retryable: true,
      // What may still come of it belongs to no request.
      headers: { Connection: 'close' },
    },
  );
