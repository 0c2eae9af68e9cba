import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { endMarker, startMarker } from '../../../protocol/wire-format.ts';
import type { StepScope } from './step-scope.ts';

type Stream = 'stdout' | 'stderr';

/**
 * The worker's two raw streams. A step's own text is written to the descriptor before `write`
 * returns, so that no marker can overtake it; text of earlier steps goes to `onBackground`.
 */
export function createStepOutput({ runDir, epoch, scope, onBackground }: Parts): StepOutput {
  // A second open of each FIFO: what user code and its children do to descriptors 1 and 2 does not
  // reach these.
  const paths = [`${epoch}.out`, `${epoch}.err`].map((name) => join(runDir, name));
  const raw = paths.map((path) => openSync(path, constants.O_WRONLY));
  const streams: [Stream, Writable, number][] = [
    ['stdout', process.stdout, 1],
    ['stderr', process.stderr, 2],
  ];
  for (const [name, stream, fd] of streams)
    takeOver(stream, fd, scope, (text) => onBackground(name, text));

  return {
    begin(nonce) {
      for (const [index, path] of paths.entries()) reopen(index + 1, path);
      // A child that shares the descriptor may have left it non-blocking.
      for (const [, stream] of streams) setBlocking(stream);
      for (const fd of raw) writeWhole(fd, startMarker(nonce));
    },
    end(nonce) {
      for (const fd of raw) writeWhole(fd, endMarker(nonce));
    },
  };
}

type Parts = {
  runDir: string;
  epoch: number;
  scope: StepScope;
  onBackground: (stream: Stream, text: string) => void;
};

export type StepOutput = { begin(nonce: string): void; end(nonce: string): void };

/**
 * In place of the stream's own `write`: its bookkeeping would not survive a termination in the
 * middle of one.
 */
function takeOver(
  stream: Writable,
  fd: number,
  scope: StepScope,
  onBackground: (text: string) => void,
): void {
  const decoder = new StringDecoder('utf8');
  const refuse = stream.write.bind(stream);
  const write = (chunk: unknown, encoding?: unknown, callback: unknown = encoding): boolean => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return refuse(chunk);
    const bytes =
      typeof chunk === 'string'
        ? Buffer.from(chunk, isEncoding(encoding) ? encoding : 'utf8')
        : chunk;
    if (!scope.isBackground()) writeWhole(fd, bytes, () => setBlocking(stream));
    else onBackground(decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
    if (typeof callback === 'function') process.nextTick(callback, null);
    return true;
  };
  Object.defineProperty(stream, 'write', {
    value: write,
    writable: true,
    configurable: true,
    enumerable: false,
  });
  setBlocking(stream);
}

function isEncoding(value: unknown): value is BufferEncoding {
  return typeof value === 'string' && Buffer.isEncoding(value);
}

/**
 * Nobody may read any more, or user code closed the descriptor: then the text is lost, and the step
 * continues.
 */
function writeWhole(fd: number, bytes: Uint8Array, onWouldBlock?: () => void): void {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      if (!isWouldBlock(error) || !onWouldBlock) return;
      onWouldBlock();
    }
  }
}

function isWouldBlock(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

/**
 * A descriptor that an earlier step has closed would become that of the next file or socket, and a
 * child could not start. The kernel gives the lowest free number: theirs.
 */
function reopen(fd: number, path: string): void {
  try {
    fstatSync(fd);
  } catch {
    tryToOpen(path);
  }
}

function tryToOpen(path: string): void {
  try {
    openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // Nobody reads it any more.
  }
}

/** The handle under a stream is not a public interface, and a user may have closed it. */
function setBlocking(stream: Writable): void {
  const handle: unknown = Reflect.get(stream, '_handle');
  if (typeof handle !== 'object' || handle === null || !('setBlocking' in handle)) return;
  if (typeof handle.setBlocking === 'function') handle.setBlocking(true);
}
