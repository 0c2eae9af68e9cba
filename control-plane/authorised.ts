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
import { type Call, joinedHeader } from '@steppe/service-kit/http/call';
import type { ApiOperation } from '@steppe/service-kit/http/route-table';
import type * as z from 'zod';
import { toAppError } from './sessions/to-app-error.ts';

/** One call of an operation, by a caller who has the scope of the operation. */
export interface AuthorisedCall {
  call: Call;
  principal: Principal;
  /** Reads the JSON body within the tenant's budget. @throws AppError as `readJson` does */
  readBody: <S extends z.ZodType>(
    schema: S,
    options?: { mayBeEmpty: boolean },
  ) => Promise<z.output<S>>;
}

/** An operation of the contract, before the check of its callers is added. */
export type Operation = (admission: Admission) => ApiOperation;

/** What the check of a caller needs. */
export interface Admission {
  verifier: CallerVerifier;
  bodies: BodyBudget;
}

/**
 * Declares the operation of the contract that has this name. `handle` parses the request, calls the
 * use case and responds; it runs only for callers who have the operation's scope.
 */
export function authorised(
  name: OperationName,
  handle: (call: AuthorisedCall) => void | Promise<void>,
): Operation {
  const { method, path, scope } = operations[name];
  return ({ verifier, bodies }) => ({
    method,
    path,
    async handle(call) {
      const principal = await verifier.verify(joinedHeader(call.incoming, 'authorization'));
      requireScope(principal, scope);
      const readBody: AuthorisedCall['readBody'] = (schema, options) =>
        bodies.hold(principal.tenantId, (share) =>
          readJson(call, schema, { maxBytes: limits.requestBodyBytes, share, ...options }),
        );
      try {
        return await handle({ call, principal, readBody });
      } catch (error) {
        throw toAppError(error);
      }
    },
  });
}

/** The `:session_id` of the path, unchecked. The log line contains it even if it is rejected. */
export function readSessionId(call: Call): string {
  const id = call.params.session_id;
  if (id === undefined) throw new AppError('route_not_found', 'the path has no valid session id');
  call.logFields.session_id = id;
  return id;
}
