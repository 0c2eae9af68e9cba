import { errorKinds } from '@steppe/contracts/errors';
import { type OperationName, operations } from '@steppe/contracts/operations';
import { calls } from './calls/calls.ts';
import type { MediaType, Reference, Response } from './document.ts';
import { errorTexts, type PublicErrorCode, publicErrorCodes } from './error-codes.ts';
import { type ResponseHeader, responseHeaders } from './headers.ts';
import { errorExample } from './public-error.ts';
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
export function errorsOf(name: OperationName): PublicErrorCode[] {
  const codes = new Set([...ofEveryCall, ...calls[name].errors]);
  if (name !== 'list_runtimes') codes.add('route_store_unavailable');
  if (operations[name].servedBy === 'session-agent')
    for (const code of ofEverySession) codes.add(code);
  return publicErrorCodes.filter((code) => codes.has(code));
}

/** Returns the error responses of a call by status, as references to `errorResponses()`. */
export function describeErrors(name: OperationName): Record<string, Reference> {
  const named = Object.entries(groupByStatus(errorsOf(name))).map(([status, codes]) => [
    status,
    responseName(name, codes),
  ]);
  return Object.fromEntries(
    [...named, ['408', headersTooLate], ['431', headersTooLong]].map(([status, response]) => [
      status,
      { $ref: `#/components/responses/${response}` },
    ]),
  );
}

/** Returns every error response of every call, once. */
export function errorResponses(): Record<string, Response> {
  const responses: Record<string, Response> = {
    // HTTP itself defines these statuses. They are sent before the method is known, so even a HEAD
    // gets a body.
    [headersTooLate]: {
      ...describe(
        408,
        ['invalid_request'],
        true,
        invalidRequest('the request line and headers took too long'),
      ),
      description: 'The request line and headers took too long to come.',
    },
    [headersTooLong]: {
      ...describe(
        431,
        ['invalid_request'],
        true,
        invalidRequest('the request line and headers are larger than 16384 bytes', {
          limit: 'headers',
          max_bytes: 16_384,
        }),
      ),
      description:
        'The request line and headers are too long, one header is larger than 4096 bytes (but for `Authorization`, `Cookie`, ' +
        '`Baggage` and `X-…`), or there are more than 2000 header lines; `details.limit` says which.',
    },
  };
  for (const name of Object.keys(operations) as OperationName[]) {
    for (const [status, codes] of Object.entries(groupByStatus(errorsOf(name)))) {
      responses[responseName(name, codes)] = describe(Number(status), codes, hasBody(name));
    }
  }
  return responses;
}

const headersTooLate = 'headers_too_late';
const headersTooLong = 'headers_too_long';

const invalidRequest = (message: string, details = {}): Examples => {
  const { error } = errorExample('invalid_request');
  return { invalid_request: { value: { error: { ...error, message, details } } } };
};

const hasBody = (name: OperationName): boolean => operations[name].method !== 'HEAD';

const responseName = (name: OperationName, codes: readonly PublicErrorCode[]): string =>
  [...codes, ...(hasBody(name) ? [] : ['headers_alone'])].join('.');

type Examples = NonNullable<MediaType['examples']>;

const examplesOf = (codes: readonly PublicErrorCode[]): Examples =>
  Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]));

function describe(
  status: number,
  codes: readonly PublicErrorCode[],
  withBody: boolean,
  examples: Examples = examplesOf(codes),
): Response {
  return {
    description: codes.map((code) => `\`${code}\`: ${errorTexts[code].when}`).join('\n\n'),
    headers: Object.fromEntries(
      headersOf(status).map((header) => [header, responseHeaders[header]]),
    ),
    ...(withBody && {
      content: {
        'application/json': {
          schema: {
            allOf: [
              schemaRef('Error'),
              { properties: { error: { properties: { code: { enum: codes } } } } },
            ],
          },
          examples,
        },
      },
    }),
  };
}

function headersOf(status: number): ResponseHeader[] {
  if (status === 401) return ['X-Request-Id', 'WWW-Authenticate'];
  return [425, 429, 503].includes(status) ? ['X-Request-Id', 'Retry-After'] : ['X-Request-Id'];
}

function groupByStatus(codes: readonly PublicErrorCode[]): Record<string, PublicErrorCode[]> {
  const statuses = new Set(codes.map((code) => errorKinds[code].status));
  return Object.fromEntries(
    [...statuses].map((status) => [
      status,
      codes.filter((code) => errorKinds[code].status === status),
    ]),
  );
}
