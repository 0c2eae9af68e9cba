import { filePathPattern } from '@steppe/contracts/file';
import { sessionIdSchema, stepIdSchema } from '@steppe/contracts/ids';
import { type RequestHeader, requestHeaders } from '@steppe/contracts/operations/headers';
import type {
  MediaType,
  Operation,
  OperationResponse,
} from '@steppe/contracts/operations/operation';
import type { oas31, ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi';
import { describeErrors } from './describe-errors.ts';
import { objectOf, responseHeadersOf } from './object-of.ts';
import { schemaRef } from './schemas.ts';

/** Describes one call of the API completely. */
export function describeOperation(
  operationId: string,
  operation: Operation,
): ZodOpenApiOperationObject {
  const { scope, tag, summary, description, query, body, queryPatterns } = operation;
  const responses = Object.entries(operation.responses).map(([status, response]) => [
    status,
    describeResponse(response),
  ]);
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    security: [{ bearer: [scope] }],
    requestParams: {
      ...(query && { query: objectOf('param', query.shape, Object.keys(query.shape)) }),
      header: objectOf('param', requestHeaders, [
        ...(operation.headers ?? []),
        ...headersOfEveryRequest,
      ]),
    },
    parameters: [
      ...pathParameters(operation),
      ...(queryPatterns ? [patternParameter(queryPatterns)] : []),
    ],
    ...(body && {
      requestBody: {
        required: body.required,
        content: { [bodyType(body.content)]: describeMediaType(body.content) },
      },
    }),
    responses: { ...Object.fromEntries(responses), ...describeErrors(operation) },
    'x-codeSamples': [{ lang: 'Shell', source: shellSample(operation) }],
  };
}

/** Writes a path of the table of operations as OpenAPI does. */
export const toTemplate = (path: string): string =>
  path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{path}');

const headersOfEveryRequest: readonly RequestHeader[] = ['X-Request-Id', 'traceparent'];

function filePath(end: '$' | '/?$'): oas31.SchemaObject {
  return { type: 'string', maxLength: 4095, pattern: `^${filePathPattern}${end}` };
}

const pathFields: Record<string, { description: string; schema: oas31.SchemaObject }> = {
  session_id: { description: 'The id of the session.', schema: schemaRef(sessionIdSchema) },
  step_id: { description: 'The id of the step.', schema: schemaRef(stepIdSchema) },
  stream: {
    description: 'Which of its streams.',
    schema: { type: 'string', enum: ['stdout', 'stderr'] },
  },
  path: {
    description:
      'The path of the file below the workspace. Slashes need no encoding; each segment is percent-encoded, and none is empty, `.` or `..`.',
    schema: filePath('$'),
  },
  directory: {
    description:
      'The path of the file below the workspace, or of a directory with a slash at its end. Slashes need no encoding; each segment is percent-encoded, and none is empty, `.` or `..`.',
    schema: filePath('/?$'),
  },
};

const pathParameters = ({ path, mayEndInSlash }: Operation): oas31.ParameterObject[] =>
  [...toTemplate(path).matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...pathFields[name === 'path' && mayEndInSlash ? 'directory' : name],
  }));

const patternParameter = (
  patterns: NonNullable<Operation['queryPatterns']>,
): oas31.ParameterObject => ({
  ...patterns,
  in: 'query',
  required: false,
  style: 'form',
  explode: true,
});

function describeResponse(response: OperationResponse): ZodOpenApiResponseObject {
  const { description, headers = [], content, links } = response;
  return {
    description,
    headers: responseHeadersOf([...headers, 'X-Request-Id']),
    ...(content && {
      content: Object.fromEntries(
        Object.entries(content).map(([type, media]) => [type, describeMediaType(media)]),
      ),
    }),
    ...(links && { links }),
  };
}

const bodyType = (content: MediaType): string =>
  'json' in content ? 'application/json' : 'application/octet-stream';

function describeMediaType({ examples, ...content }: MediaType) {
  if ('json' in content) return { schema: content.json, examples };
  if ('bytes' in content)
    return { schema: { type: 'string', format: 'binary' } as const, examples };
  return {
    schema: { type: 'string' } as const,
    // OpenAPI 3.1 has no field for the items of a stream; 3.2 calls it `itemSchema`.
    'x-item-schema': { anyOf: content.stream.map(schemaRef) },
    examples,
  };
}

function shellSample({ body, sample }: Operation): string {
  const type = body && 'json' in body.content ? "-H 'Content-Type: application/json' " : '';
  return `curl -sS -H "Authorization: Bearer $STEPPE_TOKEN" ${type}${sample}`;
}
