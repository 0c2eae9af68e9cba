import { errorKinds } from '@steppe/contracts/errors';
import {
  errorExample,
  type PublicErrorCode,
  publicErrorCodes,
  publicErrorSchema,
  publicErrors,
} from '@steppe/contracts/errors/public-errors';
import { operations } from '@steppe/contracts/operations';
import type { ResponseHeader } from '@steppe/contracts/operations/headers';
import type { Operation } from '@steppe/contracts/operations/operation';
import type { oas31, ZodOpenApiResponseObject } from 'zod-openapi';
import { responseHeadersOf } from './object-of.ts';
import { schemaRef } from './schemas.ts';

const ofEveryCall: readonly PublicErrorCode[] = [
  'invalid_request',
  'unauthenticated',
  'insufficient_scope',
  'rate_limited',
  'internal',
  'runtime_unreachable',
  'identity_unavailable',
];
const ofEverySession: readonly PublicErrorCode[] = [
  'session_not_found',
  'session_ended',
  'session_not_ready',
  'step_deadline_exceeded',
];

/** Returns every code that a call can return, ordered by status. */
function errorsOf({ path, servedBy, errors }: Operation): PublicErrorCode[] {
  const codes = new Set([...ofEveryCall, ...errors]);
  if (path !== operations.list_runtimes.path) codes.add('route_store_unavailable');
  if (servedBy === 'session-agent') for (const code of ofEverySession) codes.add(code);
  return publicErrorCodes.filter((code) => codes.has(code));
}

/** Returns the error responses of a call by status, as references to `errorResponses()`. */
export function describeErrors(operation: Operation): Record<string, oas31.ReferenceObject> {
  const named = groupByStatus(errorsOf(operation)).map(([status, codes]): [number, string] => [
    status,
    responseName(operation, codes),
  ]);
  return Object.fromEntries(
    [...named, [408, 'headers_too_late'], [431, 'headers_too_long']].map(([status, response]) => [
      status,
      { $ref: `#/components/responses/${response}` },
    ]),
  );
}

/** Returns every error response of every call, once. */
export function errorResponses(): Record<string, ZodOpenApiResponseObject> {
  const responses = { ...responsesBeforeRouting };
  for (const operation of Object.values<Operation>(operations)) {
    for (const [status, codes] of groupByStatus(errorsOf(operation)))
      responses[responseName(operation, codes)] = {
        description: codes.map((code) => `\`${code}\`: ${publicErrors[code].when}`).join('\n\n'),
        headers: responseHeadersOf(headersOf(status)),
        ...(hasBody(operation) && describeBody(codes, examplesOf(codes))),
      };
  }
  return responses;
}

/**
 * HTTP itself defines these statuses. They are sent before the method is known, so even a HEAD gets
 * a body.
 */
const responsesBeforeRouting: Record<string, ZodOpenApiResponseObject> = {
  headers_too_late: headersRefused('The request line and headers took too long to arrive.', {
    message: 'the request line and headers took too long',
    details: {},
  }),
  headers_too_long: headersRefused(
    'The request line and headers are too long, one header is larger than 4096 bytes (except ' +
      '`Authorization`, `Cookie`, `Baggage` and `X-…`), or there are more than 2000 header lines; ' +
      '`details.limit` says which.',
    {
      message: 'the request line and headers are larger than 16384 bytes',
      details: { limit: 'headers', max_bytes: 16_384 },
    },
  ),
};

function headersRefused(
  description: string,
  example: { message: string; details: Record<string, unknown> },
): ZodOpenApiResponseObject {
  const { error } = errorExample('invalid_request');
  return {
    description,
    headers: responseHeadersOf(['X-Request-Id']),
    ...describeBody(['invalid_request'], {
      invalid_request: { value: { error: { ...error, ...example } } },
    }),
  };
}

const hasBody = ({ method }: Operation): boolean => method !== 'HEAD';

const responseName = (operation: Operation, codes: readonly PublicErrorCode[]): string =>
  [...codes, ...(hasBody(operation) ? [] : ['headers_alone'])].join('.');

type Examples = NonNullable<oas31.MediaTypeObject['examples']>;

const examplesOf = (codes: readonly PublicErrorCode[]): Examples =>
  Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]));

function describeBody(codes: readonly PublicErrorCode[], examples: Examples) {
  const schema = {
    allOf: [
      schemaRef(publicErrorSchema),
      { properties: { error: { properties: { code: { enum: [...codes] } } } } },
    ],
  };
  return { content: { 'application/json': { schema, examples } } };
}

function headersOf(status: number): ResponseHeader[] {
  if (status === 401) return ['X-Request-Id', 'WWW-Authenticate'];
  return [425, 429, 503].includes(status) ? ['X-Request-Id', 'Retry-After'] : ['X-Request-Id'];
}

function groupByStatus(codes: readonly PublicErrorCode[]): [number, PublicErrorCode[]][] {
  const statuses = new Set(codes.map((code) => errorKinds[code].status));
  return [...statuses].map((status) => [
    status,
    codes.filter((code) => errorKinds[code].status === status),
  ]);
}
