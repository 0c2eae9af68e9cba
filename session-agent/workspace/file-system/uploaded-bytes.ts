import type { Readable } from 'node:stream';
import { AppError } from '@steppe/service-kit/http/app-error';
import { fileTooLarge, type WriteOptions } from '../workspace.ts';

/**
 * Every write costs a turn of the event loop and of a thread: chunks of this size take half the CPU
 * time that a socket's own chunks do.
 */
const chunkBytes = 512 * 1024;

export interface UploadLimits extends Pick<WriteOptions, 'maxBytes' | 'onProgress'> {
  /** Called with the size of each chunk before it is written. */
  reserve?: ((bytes: number) => Promise<void>) | undefined;
}

/**
 * The bytes of an upload, in chunks that are worth a write. A reader that stops early leaves the
 * stream open: the response still has to use the request's connection.
 * @throws AppError `payload_too_large` past `maxBytes`, `invalid_request` if the stream breaks, and
 * what `reserve` throws.
 */
export async function* uploadedBytes(
  content: Readable,
  { maxBytes, onProgress, reserve }: UploadLimits,
): AsyncGenerator<Buffer> {
  let size = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  try {
    for await (const chunk of content.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > maxBytes) throw fileTooLarge(maxBytes);
      onProgress?.();
      held.push(chunk);
      heldBytes += chunk.length;
      if (heldBytes < chunkBytes) continue;
      await reserve?.(heldBytes);
      yield Buffer.concat(held);
      held = [];
      heldBytes = 0;
    }
    if (heldBytes === 0) return;
    await reserve?.(heldBytes);
    yield Buffer.concat(held);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      'invalid_request',
      'the connection broke before the file was complete; nothing was written',
      { cause },
    );
  }
}
