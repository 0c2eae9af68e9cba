import { errorMessages } from '@steppe/contracts/errors/error-messages';
import {
  type SessionId,
  sessionIdSchema,
  stepIdSchema,
  type TenantId,
} from '@steppe/contracts/ids';
import { AppError, sessionEnded } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import { isStoreOutage, type Lookup, type RouteCache } from './route-cache.ts';
import type { Route, RouteEntry } from './route-entry.ts';

export interface RouteRequest {
  sessionId: SessionId;
  tenantId: TenantId;
  /** True for a call that begins something new, which an expired session refuses. */
  begins: boolean;
}

export interface ResolvedRoute {
  route: Route;
  source: Lookup['source'];
}

export interface RouteResolver {
  /** The route, if a fresh one is in memory and allows the request: `resolve` without a promise. */
  known(request: RouteRequest): ResolvedRoute | undefined;
  /**
   * @throws AppError `session_not_found`, `session_ended`, `session_not_ready` or
   * `route_store_unavailable`.
   */
  resolve(request: RouteRequest): Promise<ResolvedRoute>;
  /**
   * Does the same after the cached route failed: reads strongly consistent. A route that proved
   * wrong must be evicted before; another one stays for the time of an outage of the store.
   */
  resolveAgain(request: RouteRequest): Promise<ResolvedRoute>;
  evict(sessionId: SessionId): void;
}

interface Dependencies {
  cache: RouteCache;
  clock: Pick<Clock, 'now'>;
}

/**
 * Finds the agent of a tenant's session. Never refuses on a row that may be stale: it first reads
 * strongly consistent.
 */
export function createRouteResolver({ cache, clock }: Dependencies): RouteResolver {
  const decide = (request: RouteRequest, { session, source }: Lookup): ResolvedRoute | AppError => {
    const checked = checkRoute(request, session, clock.now());
    return checked instanceof AppError ? checked : { route: checked, source };
  };
  const accept = (decision: ResolvedRoute | AppError): ResolvedRoute => {
    if (decision instanceof AppError) throw decision;
    return decision;
  };
  const resolveAgain = async (request: RouteRequest): Promise<ResolvedRoute> =>
    accept(decide(request, await translateOutage(cache.readAgain(request.sessionId))));
  return {
    known(request) {
      const found = cache.known(request.sessionId);
      const decision = found && decide(request, found);
      return decision instanceof AppError ? undefined : decision;
    },
    async resolve(request) {
      const found = await translateOutage(cache.find(request.sessionId));
      const first = decide(request, found);
      if (!(first instanceof AppError) || (found.isCertain && isFinal(request, found.session)))
        return accept(first);
      return resolveAgain(request);
    },
    resolveAgain,
    evict: (sessionId) => cache.evict(sessionId),
  };
}

function checkRoute(
  { sessionId, tenantId, begins }: RouteRequest,
  session: RouteEntry | null,
  nowMs: number,
): Route | AppError {
  // A session of another tenant and an unknown one get the same response.
  if (session?.tenantId !== tenantId) return sessionNotFound();
  switch (session.state) {
    case 'provisioning':
      return new AppError('session_not_ready', errorMessages.session_not_ready(sessionId), {
        headers: { 'Retry-After': '1' },
      });
    case 'terminal':
      // The store may take days to remove a row.
      return session.purgeAtMs <= nowMs
        ? sessionNotFound()
        : sessionEnded(sessionId, session.endReason, session.endDetail);
    case 'ready':
      return begins && session.expiresAtMs <= nowMs ? sessionEnded(sessionId, 'expired') : session;
  }
}

/**
 * Whether a refusal is final. A session that is provisioning may be ready, and an expired one may
 * be extended, right after it was read.
 */
const isFinal = ({ tenantId }: RouteRequest, session: RouteEntry | null): boolean =>
  session?.tenantId !== tenantId || session.state === 'terminal';

export const sessionNotFound = (): AppError =>
  new AppError('session_not_found', errorMessages.session_not_found());

/** Turns an outage of the store into the API's error. */
async function translateOutage(lookup: Promise<Lookup>): Promise<Lookup> {
  try {
    return await lookup;
  } catch (cause) {
    if (!isStoreOutage(cause)) throw cause;
    throw new AppError('route_store_unavailable', errorMessages.route_store_unavailable(), {
      cause,
    });
  }
}

/**
 * Reads the session id of a path below `/v1/sessions/`, as it is forwarded: an id that is valid
 * only after decoding is not accepted.
 * @throws AppError `session_not_found`
 */
export function readSessionId(pathname: string): SessionId {
  const parsed = sessionIdSchema.safeParse(pathname.split('/', 4)[3]);
  if (!parsed.success) throw sessionNotFound();
  return parsed.data;
}

/** Only for the log: the agent validates the id. */
export function readStepId(pathname: string): string | undefined {
  const [, , , , resource, id] = pathname.split('/', 6);
  return resource === 'steps' && id !== undefined ? stepIdSchema.safeParse(id).data : undefined;
}
