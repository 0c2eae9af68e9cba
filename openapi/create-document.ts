import { errorKinds } from '@steppe/contracts/errors';
import { type OperationName, operations } from '@steppe/contracts/operations';
import { errorResponses } from './describe-errors.ts';
import { describeOperation, toTemplate } from './describe-operation.ts';
import type { Document } from './document.ts';
import { publicErrorCodes } from './error-codes.ts';
import { errorExample } from './public-error.ts';
import { componentSchemas } from './schemas.ts';

const description = `Stateful code sessions over plain HTTP: create a session, send steps of Python or JavaScript to it, and the memory of one step is there for the next.

Samples are for a shell with four variables. \`$STEPPE_URL\` is where this document came from, without a path. \`$STEPPE_TOKEN\` is your token: \`make run\` prints one when it starts, and \`make token\` a further one; anywhere else it comes from the issuer that the operator trusts. \`$SESSION\` is the \`session_id\` of a session that you made, and \`$STEP\` is the \`step_id\` of a step in it.

A first client makes three calls: \`POST /v1/sessions\` and keep \`session_id\`; \`POST /v1/sessions/{session_id}/steps\` with \`{"code":"…"}\`, once for each step, and read \`status\`, \`stdout\`, \`results\` (the last expression’s value has \`is_main_result\`) and \`error\`; \`DELETE /v1/sessions/{session_id}\` in the end.

- JSON in UTF-8, \`snake_case\`. Times are RFC 3339 in UTC with milliseconds; durations end in \`_ms\` or \`_seconds\`, sizes in \`_bytes\`. Unknown fields and parameters are refused.
- Every error has the body of the schema \`Error\`; its \`code\` is for programs, its \`message\` says what to do. Beside the errors of each call, a unknown path returns 404 \`route_not_found\`, and a method that a path lacks 405 \`method_not_allowed\` with \`Allow\`.
- Web pages may call where the operator lists their origins (\`CORS_ORIGINS\`): every response then has the headers of CORS, and a preflight needs no token. Cookies are never read: a page sends its own token.
- Every response has \`X-Content-Type-Options: nosniff\`.
- A session of another tenant returns exactly the same as one that never existed.
- A loss of memory is always told: \`epoch\` grows by one each time, and \`state_lost\` marks the step in which it happened.`;

/**
 * The whole API as OpenAPI 3.1, generated from the contract's schemas and its table of operations.
 */
export const createDocument = (): Document => ({
  openapi: '3.1.0',
  info: {
    title: 'Steppe',
    version: '1',
    summary: 'Stateful code sessions over plain HTTP',
    description,
    license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/', description: 'the data-plane that this document came from' }],
  tags: [
    { name: 'sessions', description: 'One isolated interpreter each, with a workspace of files.' },
    {
      name: 'steps',
      description: 'Pieces of code, run one after the other in a session’s memory.',
    },
    { name: 'files', description: 'The workspace of a session.' },
  ],
  paths: describePaths(),
  components: {
    schemas: componentSchemas(),
    responses: errorResponses(),
    examples: Object.fromEntries(
      publicErrorCodes.map((code) => [
        code,
        { summary: `${errorKinds[code].status} ${code}`, value: errorExample(code) },
      ]),
    ),
    securitySchemes: {
      bearer: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description:
          'A JWT of the operator’s issuer, which names the tenant and its scopes: `sessions:read`, `sessions:write`, `steps:run`.',
      },
    },
  },
});

function describePaths(): Document['paths'] {
  const paths: Document['paths'] = {};
  for (const name of Object.keys(operations) as OperationName[]) {
    const { path, method } = operations[name];
    const template = toTemplate(path);
    paths[template] = { ...paths[template], [method.toLowerCase()]: describeOperation(name) };
  }
  return paths;
}
