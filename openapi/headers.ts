import { fileConditionsSchema } from '@steppe/contracts/file';
import type * as z from 'zod';
import type { Header, Parameter } from './document.ts';
import { propertiesOf } from './schemas.ts';

const text = { type: 'string' };

const requestHeader = (
  name: string,
  description: string,
  schema: Parameter['schema'] = text,
): Parameter => ({
  name,
  in: 'header',
  required: false,
  description,
  schema,
});

/** Describes one header of a schema, which has its names in lower case. */
function headerOf(schema: z.ZodObject, name: string, example: string): Parameter {
  const { description = '', ...rest } = propertiesOf(schema)[name] ?? {};
  const shown = name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
  return { ...requestHeader(shown, String(description), rest), example };
}

/**
 * Headers that a client may send. `Accept`, `Authorization` and `Content-Type` are described by
 * other parts of OpenAPI.
 */
export const requestHeaders = {
  requestId: requestHeader(
    'X-Request-Id',
    'Yours for this request, in responses and in the operator’s logs: 1 to 128 of `A-Z a-z 0-9 . _ : -`. Anything else is replaced.',
  ),
  traceparent: requestHeader('traceparent', 'W3C trace context; passed on.'),
  idempotencyKey: requestHeader(
    'Idempotency-Key',
    'The same key and body return the same session for 24 h, so that a create may be sent again.',
    { type: 'string', pattern: '^[\\x20-\\x7e]{1,255}$' },
  ),
  prefer: requestHeader(
    'Prefer',
    '`respond-async` returns 202 at once, with a session that is still `provisioning`.',
  ),
  lastEventId: requestHeader(
    'Last-Event-ID',
    'What an EventSource sends when it connects again; it wins over `after`.',
    {
      type: 'integer',
      minimum: 0,
    },
  ),
  range: requestHeader(
    'Range',
    'One range of bytes, such as `bytes=0-1023`, `bytes=1024-` or `bytes=-512`.',
  ),
  ifRange: requestHeader(
    'If-Range',
    'An ETag: the range only of that file, and the whole of any other.',
  ),
  ifMatch: headerOf(fileConditionsSchema, 'if-match', '*'),
  ifNoneMatch: headerOf(fileConditionsSchema, 'if-none-match', '"1f-18c2a7"'),
  ifModifiedSince: headerOf(
    fileConditionsSchema,
    'if-modified-since',
    'Mon, 23 Nov 2026 09:00:00 GMT',
  ),
  ifUnmodifiedSince: headerOf(
    fileConditionsSchema,
    'if-unmodified-since',
    'Fri, 01 Jan 2100 00:00:00 GMT',
  ),
} satisfies Record<string, Parameter>;

export type RequestHeader = keyof typeof requestHeaders;

const always = (description: string, schema: Header['schema'] = text): Header => ({
  description,
  required: true,
  schema,
});
const sometimes = (description: string, schema: Header['schema'] = text): Header => ({
  description,
  schema,
});

/** Headers of responses. */
export const responseHeaders = {
  'X-Request-Id': always('The caller’s, where it sent a sane one, else a new one.'),
  Location: always('Path of the session.'),
  'Preference-Applied': sometimes('`respond-async` where it was.'),
  'Steppe-Step-Id': always('The step’s id, also where the client chose none.'),
  'Retry-After': sometimes('Seconds after which to try again.', { type: 'integer', minimum: 0 }),
  'WWW-Authenticate': always('`Bearer`, and what is wrong with the token.'),
  ETag: always('Strong: changes whenever the file is written.'),
  'Cache-Control': always('`private, no-cache`: may be stored, and must be revalidated.'),
  'Last-Modified': always('When the file was last written.'),
  'Accept-Ranges': sometimes('`bytes`'),
  'Content-Range': always('Which bytes of how many.'),
} satisfies Record<string, Header>;

export type ResponseHeader = keyof typeof responseHeaders;
