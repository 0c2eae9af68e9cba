import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { types } from 'node:util';
import { endMarker, startMarker } from '../../../../protocol/wire-format.ts';
import { pinned } from '../realm/own-functions.ts';
import type { StepScope } from '../realm/step-scope.ts';
import { exposed } from '../realm/user-realm.ts';
import { createTurns } from './output-turns.ts';
import { createWriteCallbacks } from './write-callbacks.ts';

type Stream = 'stdout' | 'stderr';

/**
 * The worker's two raw streams. A step's own text is written to the descriptor before `write`
 * returns, so that no marker can overtake it; text of earlier steps goes to `onBackground`.
 */
export function createStepOutput({ runDir, epoch, scope, onBackground }: Parts): StepOutput {
  // Each FIFO is opened a second time: user code and its children can change descriptors 1 and 2,
  // but not these.
  const paths = [`${epoch}.out`, `${epoch}.err`].map((name) => join(runDir, name));
  const raw = paths.map((path) => openSync(path, constants.O_WRONLY));
  const streams: [Stream, Writable, number][] = [
    ['stdout', process.stdout, 1],
    ['stderr', process.stderr, 2],
  ];
  const mark = (marker: Buffer): void => {
    for (const fd of raw) writeWhole(fd, marker);
  };
  const turns = createTurns(mark);
  for (const [name, stream, fd] of streams)
    takeOver(stream, fd, {
      isBackground: scope.isBackground,
      beforeWrite: () => turns.wrote(fd),
      onBackground: (text) => onBackground(name, text),
    });

  return {
    begin(nonce) {
      for (const [index, path] of paths.entries()) reopen(index + 1, path);
      // A child that shares the descriptor may have left it non-blocking.
      for (const [, stream] of streams) setBlocking(stream);
      mark(startMarker(nonce));
      turns.begin(nonce);
    },
    shows: turns.shows,
    end(nonce) {
      turns.end();
      mark(endMarker(nonce));
    },
  };
}

type Parts = {
  runDir: string;
  epoch: number;
  scope: StepScope;
  onBackground: (stream: Stream, text: string) => void;
};

export type StepOutput = {
  begin(nonce: string): void;
  /** A display follows: what was written before precedes it. */
  shows(): void;
  end(nonce: string): void;
};

/** Replaces the stream's own `write`, whose state would not survive a termination inside it. */
function takeOver(
  stream: Writable,
  fd: number,
  { isBackground, beforeWrite, onBackground }: Destinations,
): void {
  const decoder = pinned(new StringDecoder('utf8'), 'write');
  const refuse = stream.write.bind(stream);
  const calls = createWriteCallbacks();
  const write = (chunk: unknown, encoding?: unknown, callback: unknown = encoding): boolean => {
    if (typeof chunk !== 'string' && !types.isUint8Array(chunk)) return refuse(chunk);
    const bytes =
      typeof chunk === 'string'
        ? Buffer.from(chunk, isEncoding(encoding) ? encoding : 'utf8')
        : chunk;
    if (!isBackground()) {
      beforeWrite();
      writeWhole(fd, bytes, () => setBlocking(stream));
    } else
      onBackground(decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
    if (typeof callback === 'function') calls.add(callback);
    return true;
  };
  Object.defineProperty(stream, 'write', {
    value: exposed(write),
    writable: true,
    configurable: true,
    enumerable: false,
  });
  setBlocking(stream);
}

type Destinations = {
  isBackground(): boolean;
  /** The step itself writes. */
  beforeWrite(): void;
  onBackground(text: string): void;
};

function isEncoding(value: unknown): value is BufferEncoding {
  return typeof value === 'string' && Buffer.isEncoding(value);
}

/**
 * Writes all bytes. If there is no reader any more, or user code closed the descriptor, the text is
 * lost and the step continues.
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
  return types.isNativeError(error) && 'code' in error && error.code === 'EAGAIN';
}

/**
 * Reopens a descriptor that an earlier step closed: otherwise the next file or socket would get its
 * number, and a child could not start. The kernel assigns the lowest free number, which is this
 * one.
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
    // The FIFO has no reader any more.
  }
}

/** The handle of a stream is not a public interface, and user code may have closed it. */
function setBlocking(stream: Writable): void {
  const handle: unknown = Reflect.get(stream, '_handle');
  if (typeof handle !== 'object' || handle === null || !('setBlocking' in handle)) return;
  if (typeof handle.setBlocking === 'function') handle.setBlocking(true);
}
