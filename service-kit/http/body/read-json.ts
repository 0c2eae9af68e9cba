import type { IncomingMessage } from 'node:http';
import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type * as z from 'zod';
import { AppError } from '../app-error.ts';
import { type Call, joinedHeader } from '../call.ts';
import { parseInput } from '../parse-input.ts';
import { requireJsonShape } from './json-shape.ts';
import { hasBody, type ReadBodyOptions, readBody, takeArrivedBody } from './read-body.ts';

interface ReadJsonOptions extends Omit<ReadBodyOptions, 'clock'> {
  /** An empty body counts as `{}`, and needs no content type. */
  mayBeEmpty?: boolean;
}

/**
 * Reads a whole JSON body and parses it.
 * @throws AppError `unsupported_media_type`, `payload_too_large`, `rate_limited`, or
 * `invalid_request` for a body that is late, stalls, is interrupted, is empty, is not UTF-8, is not
 * JSON, is nested too deep, or does not match the schema.
 */
export const readJson = async <S extends z.ZodType>(
  call: Call,
  schema: S,
  options: ReadJsonOptions,
): Promise<z.output<S>> => (await readJsonBody(call, schema, options)).value;

/**
 * Does the same, and returns the body's bytes too: to forward them as they came.
 * @throws AppError as `readJson` does
 */
export async function readJsonBody<S extends z.ZodType>(
  { incoming, clock }: Call,
  schema: S,
  options: ReadJsonOptions,
): Promise<{ value: z.output<S>; bytes: Buffer }> {
  const isChunked = incoming.headers['transfer-encoding'] !== undefined;
  // A body that may turn out to be empty needs no type; for any other body, the type is checked
  // before a byte is read.
  const mayTurnOutEmpty = options.mayBeEmpty && isChunked;
  const isChecked = hasBody(incoming) && !mayTurnOutEmpty;
  if (isChecked) requireJsonHeaders(incoming);
  await Promise.resolve();
  const bytes =
    takeArrivedBody(incoming, options) ?? (await readBody(incoming, { ...options, clock }));
  if (bytes.length === 0 && options.mayBeEmpty)
    return { value: parseInput(schema, {}, 'body'), bytes };
  if (!isChecked) requireJsonHeaders(incoming);
  return { value: parseInput(schema, parseJson(bytes), 'body'), bytes };
}

function requireJsonHeaders(incoming: IncomingMessage): void {
  const contentType = joinedHeader(incoming, 'content-type');
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    const seen =
      contentType === undefined
        ? 'the request has no content-type'
        : `the content-type is ${contentType}`;
    throw new AppError('unsupported_media_type', errorMessages.unsupported_media_type(seen));
  }
  const encoding = incoming.headers['content-encoding'];
  if (encoding === undefined || encoding.trim().toLowerCase() === 'identity') return;
  throw new AppError(
    'unsupported_media_type',
    `the content-encoding is ${encoding}; send the JSON without one`,
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0)
    throw new AppError('invalid_request', 'the body is empty; send a JSON object');
  requireJsonShape(bytes);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message : 'it is not UTF-8';
    throw new AppError('invalid_request', `the body is not valid JSON in UTF-8: ${why}`, { cause });
  }
}
