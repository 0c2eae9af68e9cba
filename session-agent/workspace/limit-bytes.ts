import { AppError } from '@steppe/service-kit/app-error';

/** Passes a stream on up to `maxBytes`. @throws AppError `payload_too_large` past that */
export const limitBytes = (maxBytes: number) =>
  async function* limited(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > maxBytes) throw fileTooLarge(maxBytes);
      yield chunk;
    }
  };

export const fileTooLarge = (maxBytes: number): AppError =>
  new AppError('payload_too_large', `the file is larger than ${maxBytes} bytes`, {
    details: { limit: 'file', max_bytes: maxBytes },
  });
