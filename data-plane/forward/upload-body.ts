import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

export interface UploadBody {
  stream: Readable;
  /** True while the next byte has to come from the client. */
  waitsForClient(): boolean;
}

interface UploadOptions {
  onChunk: () => void;
  /** The client broke off its upload. */
  onBroken: () => void;
}

/**
 * The client's body as a stream of its own: undici destroys the body of a request that ends early, and destroying the incoming
 * message would cut the connection that the answer has to leave by. Takes nothing before it is read.
 */
export function createUploadBody(incoming: IncomingMessage, { onChunk, onBroken }: UploadOptions): UploadBody {
  let isAttached = false;
  let waitsForClient = false;

  const take = (chunk: Buffer) => {
    onChunk();
    if (stream.push(chunk)) return;
    waitsForClient = false;
    incoming.pause();
  };
  const finish = () => {
    waitsForClient = false;
    stream.push(null);
  };
  const breakOff = () => {
    if (incoming.readableEnded) return;
    onBroken();
    stream.destroy(new Error('the client broke off its upload'));
  };
  const attach = () => {
    isAttached = true;
    incoming.on('data', take).once('end', finish).on('error', breakOff).once('close', breakOff);
    if (incoming.destroyed) breakOff();
  };
  const detach = () => {
    if (!isAttached) return;
    // `error` stays: a client that leaves later must not find nobody listening.
    incoming.off('data', take).off('end', finish).off('close', breakOff).pause();
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
  // undici listens only until its request is over.
  stream.on('error', () => {});
  return { stream, waitsForClient: () => waitsForClient };
}
