import type { Readable } from 'node:stream';
import { AppError } from '@steppe/service-kit/http/app-error';

interface UploadLimits {
  maxBytes: number;
  /** Called for every piece that comes. */
  onProgress?: () => void;
}

/**
 * A write costs a turn of the event loop and of a thread: pieces of this size take half the
 * processor that a socket's own do.
 */
const pieceBytes = 512 * 1024;

/**
 * The bytes of an upload, in pieces that are worth a write. Whoever stops taking them leaves the
 * stream open: where it is a request, its response has yet to go out by the same connection.
 * @throws AppError `payload_too_large` past `maxBytes`, `invalid_request` where the stream breaks.
 */
export async function* uploadedBytes(
  content: Readable,
  { maxBytes, onProgress }: UploadLimits,
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
      if (heldBytes < pieceBytes) continue;
      yield Buffer.concat(held);
      held = [];
      heldBytes = 0;
    }
    if (heldBytes > 0) yield Buffer.concat(held);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      'invalid_request',
      'the connection broke before the file was complete; nothing was written',
      { cause },
    );
  }
}

export const fileTooLarge = (maxBytes: number): AppError =>
  new AppError('payload_too_large', `the file is larger than ${maxBytes} bytes`, {
    details: { limit: 'file', max_bytes: maxBytes },
  });
