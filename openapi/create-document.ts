import { errorKinds } from '@steppe/contracts/errors';
import { errorExample, publicErrorCodes } from '@steppe/contracts/errors/public-errors';
import { operations } from '@steppe/contracts/operations';
import { createDocument as assemble, type oas31, type ZodOpenApiPathsObject } from 'zod-openapi';
import { errorResponses } from './describe-errors.ts';
import { describeOperation, toTemplate } from './describe-operation.ts';
import { adjustSchema, namedSchemas } from './schemas.ts';

const description = `Stateful code sessions over plain HTTP: create a session, send steps of Python or JavaScript to it, and each step finds the memory of the steps before it.

The samples are for a shell with four variables. \`$STEPPE_URL\` is the origin of this document, without a path. \`$STEPPE_TOKEN\` is your token: \`make run\` prints one when it starts, and \`make token\` prints another; elsewhere it comes from the issuer that the operator trusts. \`$SESSION\` is the \`session_id\` of a session that you created, and \`$STEP\` is the \`step_id\` of a step in it.

A first client makes three calls: \`POST /v1/sessions\`, and keep \`session_id\`; \`POST /v1/sessions/{session_id}/steps\` with \`{"code":"…"}\`, once for each step, and read \`status\`, \`stdout\`, \`results\` (the value of the last expression has \`is_main_result\`) and \`error\`; \`DELETE /v1/sessions/{session_id}\` at the end.

- Bodies are JSON in UTF-8, with names in \`snake_case\`. Times are RFC 3339 in UTC with milliseconds; durations end in \`_ms\` or \`_seconds\`, sizes in \`_bytes\`. Unknown fields and parameters are refused.
- Every error has the body of the schema \`Error\`: \`code\` is for programs, \`message\` says what to do. In addition to the errors of each call, an unknown path returns 404 \`route_not_found\`, and a method that a path does not have returns 405 \`method_not_allowed\` with \`Allow\`.
- Web pages may call if the operator lists their origins (\`CORS_ORIGINS\`): every response then has the headers of CORS, and a preflight needs no token. Cookies are never read: a page sends its own token.
- Every response has \`X-Content-Type-Options: nosniff\`.
- A session of another tenant returns exactly the same response as a session that never existed.
- A loss of memory is always reported: \`epoch\` grows by one each time, and \`state_lost\` marks the step in which it happened.`;

const info = {
  title: 'Steppe',
  version: '1',
  summary: 'Stateful code sessions over plain HTTP',
  description,
  license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
};

/** The whole API as OpenAPI 3.1, generated from the table of operations. */
export const createDocument = (): oas31.OpenAPIObject =>
  assemble(
    {
      openapi: '3.1.0',
      info,
      servers: [{ url: '/', description: 'the data-plane that serves this document' }],
      tags: [
        {
          name: 'sessions',
          description: 'Each session is one isolated interpreter, with a workspace of files.',
        },
        {
          name: 'steps',
          description: 'Pieces of code, run one after the other in the memory of a session.',
        },
        { name: 'files', description: 'The workspace of a session.' },
      ],
      paths: describePaths(),
      components: {
        schemas: namedSchemas,
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
    },
    { override: adjustSchema },
  );

function describePaths(): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const [name, operation] of Object.entries(operations)) {
    const template = toTemplate(operation.path);
    paths[template] = {
      ...paths[template],
      [operation.method.toLowerCase()]: describeOperation(name, operation),
    };
  }
  return paths;
}
