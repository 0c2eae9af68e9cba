import * as z from 'zod';
import { fileConditionsSchema } from '../file.ts';

const conditions = fileConditionsSchema.shape;
const optionalText = (description: string) => z.string().optional().describe(description);

/**
 * Headers that a client may send. `Accept`, `Authorization` and `Content-Type` are described by
 * other parts of OpenAPI.
 */
export const requestHeaders = {
  'X-Request-Id': optionalText(
    'An id of your choice for this request: 1 to 128 of `A-Z a-z 0-9 . _ : -`; anything else is replaced. It is in the response and in the operator’s logs.',
  ),
  traceparent: optionalText('W3C trace context; passed on.'),
  'Idempotency-Key': z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/)
    .optional()
    .describe(
      'The same key and body return the same session for 24 hours, so that the request can be sent again safely.',
    ),
  Prefer: optionalText(
    '`respond-async` returns 202 at once, with a session that is still `provisioning`.',
  ),
  'Last-Event-ID': z
    .int()
    .min(0)
    .optional()
    .describe('An EventSource sends it when it reconnects; it takes precedence over `after`.'),
  Range: optionalText('One range of bytes, such as `bytes=0-1023`, `bytes=1024-` or `bytes=-512`.'),
  'If-Range': optionalText(
    'An ETag: returns the range if the file has this ETag, otherwise the whole file.',
  ),
  'If-Match': conditions['if-match'].meta({ example: '*' }),
  'If-None-Match': conditions['if-none-match'].meta({ example: '"1f-18c2a7"' }),
  'If-Modified-Since': conditions['if-modified-since'].meta({
    example: 'Mon, 23 Nov 2026 09:00:00 GMT',
  }),
  'If-Unmodified-Since': conditions['if-unmodified-since'].meta({
    example: 'Fri, 01 Jan 2100 00:00:00 GMT',
  }),
} satisfies Record<string, z.ZodType>;

export type RequestHeader = keyof typeof requestHeaders;

const text = (description: string) => z.string().describe(description);

/** Headers of responses. */
export const responseHeaders = {
  'X-Request-Id': text('The id of the request: the client’s, if it sent a valid one.'),
  Location: text('The path of the session.'),
  'Preference-Applied': optionalText('`respond-async`, if the request preferred it.'),
  'Steppe-Step-Id': text('The id of the step, whether or not the client chose it.'),
  'Retry-After': z.int().min(0).optional().describe('Seconds after which to try again.'),
  'WWW-Authenticate': text('`Bearer`, and what is wrong with the token.'),
  ETag: optionalText(
    'A strong entity tag: it changes whenever the file is written. A directory has none.',
  ),
  'Cache-Control': text('`private, no-cache`: may be stored, and must be revalidated.'),
  'Last-Modified': text('When the file was last written.'),
  'Accept-Ranges': optionalText('`bytes`'),
  'Content-Range': text('Which bytes of how many.'),
  'Steppe-Dropped-Bytes': z.int().min(0).describe('How many bytes of the stream are not kept.'),
} satisfies Record<string, z.ZodType>;

export type ResponseHeader = keyof typeof responseHeaders;
