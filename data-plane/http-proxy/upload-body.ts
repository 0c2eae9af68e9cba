import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';

export interface UploadBody {
  stream: Readable;
  /** True while the next byte has to come from the client. */
  waitsForClient(): boolean;
}

interface UploadOptions {
  clock: Clock;
  onChunk: () => void;
  /** The client aborted its upload. */
  onBroken: () => void;
  /** How long an upload may make no progress. */
  stallLimitMs: number;
  onStalled: (error: AppError) => void;
}

/** Receiving fewer bytes than this within the limit does not count as progress. */
const minProgressBytes = 1024;

/**
 * The client's body as a separate stream: undici destroys the body of a request that ends early,
 * and destroying the incoming message would close the connection that the response needs. Reads
 * nothing before the stream is read.
 */
export function createUploadBody(incoming: IncomingMessage, options: UploadOptions): UploadBody {
  const { clock, onChunk, onBroken, stallLimitMs, onStalled } = options;
  let isAttached = false;
  let waitsForClient = false;
  let bytes = 0;
  let cancelStallCheck = () => {};

  const take = (chunk: Buffer) => {
    onChunk();
    bytes += chunk.length;
    if (stream.push(chunk)) return;
    waitsForClient = false;
    incoming.pause();
  };
  /**
   * An upload may take hours while it makes progress. If the agent does not read it, the client is
   * not at fault.
   */
  const checkProgress = () => {
    if (stream.destroyed || incoming.readableEnded) return;
    if (waitsForClient && bytes < minProgressBytes) return onStalled(stalled(stallLimitMs));
    bytes = 0;
    scheduleCheck();
  };
  const scheduleCheck = () => {
    // Data that arrived while this process was busy is read before progress is checked.
    cancelStallCheck = clock.after(stallLimitMs, () => setImmediate(checkProgress));
  };
  const finish = () => {
    cancelStallCheck();
    waitsForClient = false;
    stream.push(null);
  };
  const interrupt = () => {
    if (incoming.readableEnded) return;
    onBroken();
    stream.destroy(new Error('the client aborted its upload'));
  };
  const attach = () => {
    isAttached = true;
    scheduleCheck();
    incoming.on('data', take).once('end', finish).on('error', interrupt).once('close', interrupt);
    if (incoming.destroyed) interrupt();
  };
  const detach = () => {
    cancelStallCheck();
    if (!isAttached) return;
    // The `error` listener stays: an error without a listener would end the process.
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
  // undici listens only until its request ends.
  stream.on('error', () => {});
  return { stream, waitsForClient: () => waitsForClient };
}

const stalled = (limitMs: number): AppError =>
  new AppError(
    'invalid_request',
    `the upload stalled for ${limitMs / 1000} s before it was complete; nothing was written: send it again`,
    {
      retryable: true,
      // Without this, the rest of the body would be read as the next request.
      headers: { Connection: 'close' },
    },
  );
