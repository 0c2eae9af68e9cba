import { filePathPattern } from '@steppe/contracts/file';
import { type OperationName, operations } from '@steppe/contracts/operations';
import type { Body, Call, CallResponse, Content, ResponseContent } from './calls/call.ts';
import { calls } from './calls/calls.ts';
import { describeErrors } from './describe-errors.ts';
import type { JsonSchema, MediaType, Operation, Parameter, Response } from './document.ts';
import { requestHeaders, responseHeaders } from './headers.ts';
import { propertiesOf, schemaRef } from './schemas.ts';

/** Describes one call of the API completely. */
export function describeOperation(name: OperationName): Operation {
  const { path, scope } = operations[name];
  const call = calls[name];
  const responses = Object.entries(call.responses).map(([status, response]): [string, Response] => [
    status,
    describeResponse(response),
  ]);
  return {
    operationId: name,
    tags: [tagOf(path)],
    summary: call.summary,
    description: call.description,
    security: [{ bearer: [scope] }],
    parameters: [...pathParameters(path), ...queryParameters(call), ...headerParameters(call)],
    ...(call.body && { requestBody: describeBody(call.body) }),
    responses: { ...Object.fromEntries(responses), ...describeErrors(name) },
    'x-codeSamples': [
      {
        lang: 'Shell',
        source: `curl -sS -H "Authorization: Bearer $STEPPE_TOKEN" ${jsonType(call)}${call.sample}`,
      },
    ],
  };
}

/** Writes a path of the table of operations as OpenAPI does. */
export const toTemplate = (path: string): string =>
  path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{path}');

function tagOf(path: string): string {
  const [, , tag = 'sessions'] = /^\/v1\/(sessions\/:session_id\/)?(steps|files)/.exec(path) ?? [];
  return path.endsWith('/restart') ? 'steps' : tag;
}

const jsonType = ({ body }: Call): string =>
  body && 'json' in body.content ? "-H 'Content-Type: application/json' " : '';

const pathSchemas: Record<string, { description: string; schema: JsonSchema }> = {
  session_id: { description: 'The session’s id.', schema: schemaRef('SessionId') },
  step_id: { description: 'The step’s id.', schema: schemaRef('StepId') },
  path: {
    description:
      'Path of the file below the workspace; its slashes may stand as they are. Each segment is percent-encoded, and none is empty, `.` or `..`.',
    schema: { type: 'string', maxLength: 4095, pattern: `^${filePathPattern}$` },
  },
};

function pathParameters(path: string): Parameter[] {
  return [...toTemplate(path).matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: '',
    schema: {},
    ...pathSchemas[name],
  }));
}

function queryParameters({ query, queryPatterns }: Call): Parameter[] {
  const fixed = Object.entries(query ? propertiesOf(query) : {}).map(
    ([name, { description = '', ...schema }]): Parameter => ({
      name,
      in: 'query',
      required: false,
      description: String(description),
      schema,
    }),
  );
  return queryPatterns
    ? [...fixed, { in: 'query', required: false, style: 'form', explode: true, ...queryPatterns }]
    : fixed;
}

const headerParameters = ({ headers = [] }: Call): Parameter[] =>
  [...headers, 'requestId' as const, 'traceparent' as const].map((name) => requestHeaders[name]);

const describeBody = ({
  content,
  required,
  examples,
}: Body): NonNullable<Operation['requestBody']> => ({
  required,
  content: { [typeOf(content)]: mediaType(content, examples) },
});

function describeResponse({ description, headers = [], content, links }: CallResponse): Response {
  return {
    description,
    headers: Object.fromEntries(
      [...headers, 'X-Request-Id' as const].map((name) => [name, responseHeaders[name]]),
    ),
    ...(content && { content: describeContent(content) }),
    ...(links && { links }),
  };
}

const describeContent = (content: ResponseContent): Record<string, MediaType> =>
  Object.fromEntries(
    Object.entries(content).map(([type, { content: what, examples }]) => [
      type,
      mediaType(what, examples),
    ]),
  );

const typeOf = (content: Content): string =>
  'json' in content ? 'application/json' : 'application/octet-stream';

function mediaType(content: Content, examples: NonNullable<MediaType['examples']>): MediaType {
  if ('json' in content) return { schema: schemaRef(content.json), examples };
  if ('stream' in content) {
    const [only, ...more] = content.stream.map(schemaRef);
    return {
      schema: { type: 'string' },
      'x-item-schema': only && more.length === 0 ? only : { anyOf: [only, ...more] },
      examples,
    };
  }
  return { schema: { type: 'string', format: 'binary' }, examples };
}
