import type { Readable } from 'node:stream';
import { AppError } from '@steppe/service-kit/app-error';

interface UploadLimits {
  maxBytes: number;
  /** Called for every piece that comes. */
  onProgress?: () => void;
}

/**
 * The bytes of an upload. Whoever stops taking them leaves the stream open: where it is a request, its answer has yet to go out
 * by the same connection.
 * @throws AppError `payload_too_large` past `maxBytes`, `invalid_request` where the stream breaks.
 */
export async function* uploadedBytes(content: Readable, { maxBytes, onProgress }: UploadLimits): AsyncGenerator<Buffer> {
  let size = 0;
  try {
    for await (const chunk of content.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > maxBytes) throw fileTooLarge(maxBytes);
      onProgress?.();
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('invalid_request', 'the connection broke before the file had come whole; nothing was written', { cause });
  }
}

export const fileTooLarge = (maxBytes: number): AppError =>
  new AppError('payload_too_large', `the file is larger than ${maxBytes} bytes`, {
    details: { limit: 'file', max_bytes: maxBytes },
  });
