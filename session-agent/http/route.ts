import type { EndedReason } from '@steppe/contracts/end-reason';
import type { InstanceId } from '@steppe/contracts/ids';
import type { AgentState, Plane } from '@steppe/contracts/internal';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { BodyBudget } from '@steppe/service-kit/http/body/body-budget';
import { type Call, joinedHeader } from '@steppe/service-kit/http/call';
import type { Handler } from '@steppe/service-kit/http/route-table';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Binding, Session } from '../session/binding.ts';
import type { SessionLifetime } from '../session/session-lifetime.ts';
import type { StepLimits } from '../steps/step-limits.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { InternalCaller, InternalTokenVerifier } from './internal-token/verifier.ts';

/** The objects that the routes use. */
export interface RouteParts {
  instanceId: InstanceId;
  verifier: InternalTokenVerifier;
  binding: Binding;
  interpreter: Readonly<Pick<AgentState, 'epoch' | 'state'>>;
  workspace: Workspace;
  /** The memory budget for bodies of steps that are being read. */
  bodies: BodyBudget;
  lifetime: SessionLifetime;
  clock: Clock;
  maxFileBytes: number;
  limits: StepLimits & ResponseLimits;
  /** Ends this process, with the reason in its termination message. */
  end: (reason: EndedReason, detail: string) => void;
}

export interface ResponseLimits {
  /** The maximum size of a step's body. */
  bodyBytes: number;
  /** How long a reader of events may read nothing. */
  readerStallMs: number;
}

const authorizedHandler = Symbol('authorizedHandler');

/**
 * A handler that checks its caller first. Only the functions below create one, so that no route can
 * be declared without its authorization.
 */
export interface Route {
  readonly [authorizedHandler]: (parts: RouteParts) => Handler;
}

export const handlerOf = (route: Route, parts: RouteParts): Handler =>
  route[authorizedHandler](parts);

/** A route of the control-plane. */
export const controlPlaneRoute = (
  handle: (call: Call, parts: RouteParts) => void | Promise<void>,
): Route => ({
  [authorizedHandler]: (parts) => async (call) => {
    await requirePlane('control-plane', call, parts.verifier);
    return handle(call, parts);
  },
});

/**
 * A route of the data-plane, for the session that its token and the path both name; 421
 * `misdirected` if this instance does not serve that session.
 */
export const sessionRoute = (
  handle: (call: Call, session: Session, parts: RouteParts) => void | Promise<void>,
): Route => ({
  [authorizedHandler]: (parts) => async (call) => {
    const { sessionId } = await requirePlane('data-plane', call, parts.verifier);
    if (sessionId !== call.params.session_id)
      throw new AppError('misdirected', 'the token is for another session');
    call.logFields.session_id = sessionId;
    return handle(call, parts.binding.session(sessionId), parts);
  },
});

/** @throws AppError `insufficient_scope` for the token of another plane */
async function requirePlane(
  plane: Plane,
  call: Call,
  verifier: InternalTokenVerifier,
): Promise<InternalCaller> {
  const caller = await verifier.verify(joinedHeader(call.incoming, 'authorization'));
  if (caller.plane !== plane)
    throw new AppError('insufficient_scope', `only the ${plane} may call this`);
  return caller;
}
