import { limits } from '@steppe/contracts/limits';
import { type OperationName, operations } from '@steppe/contracts/operations';
import {
  type CallerVerifier,
  type Principal,
  requireScope,
} from '@steppe/service-kit/auth/caller/principal';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { BodyBudget } from '@steppe/service-kit/http/body/body-budget';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import type { ApiOperation } from '@steppe/service-kit/http/create-api';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import { addLogFields } from '@steppe/service-kit/http/log-fields';
import type { Context } from 'hono';
import type * as z from 'zod';
import type { SessionServices } from './sessions/session-services.ts';
import { toAppError } from './sessions/to-app-error.ts';

/** One operation: parses the request, calls the use case, replies. */
export type Handle = (call: {
  c: Context<HttpEnv>;
  principal: Principal;
  services: SessionServices;
  /** Reads the JSON body, out of the budget of the tenant. @throws AppError as `readJson` */
  readBody: <S extends z.ZodType>(
    schema: S,
    options?: { mayBeEmpty: boolean },
  ) => Promise<z.output<S>>;
}) => Response | Promise<Response>;

/** The operation of the contract by that name, done by `handle` for callers who have its scope. */
export function authorised(name: OperationName, handle: Handle) {
  const { method, path, scope } = operations[name];
  return (
    verifier: CallerVerifier,
    services: SessionServices,
    bodies: BodyBudget,
  ): ApiOperation => ({
    method,
    path,
    async handle(c) {
      const principal = await verifier.verify(c.req.header('authorization'));
      requireScope(principal, scope);
      try {
        return await handle({
          c,
          principal,
          services,
          readBody: (schema, options) =>
            bodies.hold(principal.tenantId, (share) =>
              readJson(c, schema, { maxBytes: limits.requestBodyBytes, share, ...options }),
            ),
        });
      } catch (error) {
        throw toAppError(error);
      }
    },
  });
}

/** The `:session_id` of the path, as it came; it is in the log line even where it is refused. */
export function readSessionId(c: Context<HttpEnv>): string {
  const id = c.req.param('session_id');
  if (id === undefined) throw new AppError('route_not_found', 'the path names no session');
  addLogFields(c, { session_id: id });
  return id;
}
