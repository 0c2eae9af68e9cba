import type * as z from 'zod';
import { AppError } from './app-error.ts';
import { parseInput } from './parse-input.ts';

/** A body of megabytes has time on a slow line; one that is never whole does not hold a connection for ever. */
const bodyLimitMs = 60_000;

interface ReadJsonOptions {
  maxBytes: number;
  /** The time in which the body has to come whole. */
  limitMs?: number;
  /** An empty body stands for `{}`, and needs no content type. */
  mayBeEmpty?: boolean;
}

/**
 * Reads a JSON body whole and parses it.
 * @throws AppError `unsupported_media_type`, `payload_too_large`, or `invalid_request` for what is late, cut off, empty, not
 * UTF-8, not JSON, or breaks the schema.
 */
export async function readJson<S extends z.ZodType>(request: Request, schema: S, options: ReadJsonOptions): Promise<z.output<S>> {
  const bytes = await readInTime(request, options);
  if (bytes.length === 0 && options.mayBeEmpty) return parseInput(schema, {}, 'body');
  requireJsonType(request.headers.get('content-type'));
  requireNoEncoding(request.headers.get('content-encoding'));
  return parseInput(schema, parseJson(bytes), 'body');
}

function requireJsonType(contentType: string | null): void {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return;
  const seen = contentType === null ? 'the request has no content-type' : `the content-type is ${contentType}`;
  throw new AppError('unsupported_media_type', `${seen}; send application/json`);
}

function requireNoEncoding(encoding: string | null): void {
  if (encoding === null || encoding.trim().toLowerCase() === 'identity') return;
  throw new AppError('unsupported_media_type', `the content-encoding is ${encoding}; send the JSON without one`);
}

async function readInTime(request: Request, { maxBytes, limitMs = bodyLimitMs }: ReadJsonOptions): Promise<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const tooSlow = new AppError('invalid_request', `the body did not come whole within ${limitMs} ms`, {
      // What still comes of it is not read.
      headers: { Connection: 'close' },
    });
    timer = setTimeout(() => reject(tooSlow), limitMs);
  });
  try {
    return await Promise.race([readBytes(request, maxBytes), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws AppError `payload_too_large` as soon as more than `maxBytes` are announced or have come. */
async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new AppError('payload_too_large', `the body is larger than ${maxBytes} bytes`, {
      details: { limit: 'body', max_bytes: maxBytes },
    });
  const announced = request.headers.get('content-length');
  if (Number(announced ?? 0) > maxBytes) throw tooLarge();
  try {
    // The server gives no byte more than was announced, and a body taken whole costs a fraction of one taken as a web stream.
    if (announced !== null) return new Uint8Array(await request.arrayBuffer());
    if (request.body === null) return new Uint8Array();
    const chunks: Uint8Array[] = [];
    let size = 0;
    // The rest is not ours to cancel, which would cut the connection that the refusal leaves by.
    for await (const chunk of request.body.values({ preventCancel: true })) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('invalid_request', 'the connection broke before the body had come whole', { cause });
  }
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) throw new AppError('invalid_request', 'the body is empty; send a JSON object');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message : 'it is not UTF-8';
    throw new AppError('invalid_request', `the body is not JSON in UTF-8: ${why}`, { cause });
  }
}
