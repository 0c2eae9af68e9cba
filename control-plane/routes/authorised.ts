import { type OperationName, operations } from '@steppe/contracts/operations';
import { AppError } from '@steppe/service-kit/app-error';
import { type CallerVerifier, type Principal, requireScope } from '@steppe/service-kit/caller/principal';
import type { ApiOperation } from '@steppe/service-kit/create-api';
import type { HttpEnv } from '@steppe/service-kit/http-env';
import { addLogFields } from '@steppe/service-kit/log-fields';
import type { Context } from 'hono';
import type { SessionServices } from '../sessions/session-services.ts';
import { toAppError } from '../sessions/to-app-error.ts';

/** One operation: parses the request, calls the use case, replies. */
export type Handle = (call: {
  c: Context<HttpEnv>;
  principal: Principal;
  services: SessionServices;
}) => Response | Promise<Response>;

/** The operation of the contract by that name, done by `handle` for callers who have its scope. */
export function authorised(name: OperationName, handle: Handle) {
  const { method, path, scope } = operations[name];
  return (verifier: CallerVerifier, services: SessionServices): ApiOperation => ({
    method,
    path,
    async handle(c) {
      const principal = await verifier.verify(c.req.header('authorization'));
      requireScope(principal, scope);
      try {
        return await handle({ c, principal, services });
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
