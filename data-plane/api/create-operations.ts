import { operations } from '@steppe/contracts/operations';
import type { Scope } from '@steppe/contracts/scopes';
import {
  type CallerVerifier,
  type Principal,
  requireScope,
} from '@steppe/service-kit/auth/caller/principal';
import { type Call, joinedHeader } from '@steppe/service-kit/http/call';
import { clientLeft } from '@steppe/service-kit/http/request-log';
import type { ApiOperation } from '@steppe/service-kit/http/route-table';
import { isAgentOperation } from '../agent-proxy/agent-operations.ts';
import type { AgentProxy, Caller } from '../agent-proxy/agent-proxy.ts';
import type { ControlPlaneProxy } from '../control-plane-proxy/control-plane-proxy.ts';
import type { TraceHeaders, Tracing } from '../telemetry/tracing.ts';
import { createDocumentOperations } from './document-operations.ts';
import type { RateLimiter } from './rate-limit.ts';

interface Dependencies extends CallerChecks {
  proxyToAgent: AgentProxy;
  proxyToControlPlane: ControlPlaneProxy;
  tracing: Tracing;
  docsDirectory: string;
}

/**
 * Builds every operation of the API: each is authenticated here and proxied to the service that the
 * contract names. The operations that describe the API need no token.
 */
export function createOperations(dependencies: Dependencies): Record<string, ApiOperation> {
  const { proxyToAgent, proxyToControlPlane, tracing, docsDirectory, ...checks } = dependencies;
  const entries = Object.entries(operations).map(
    ([name, { method, path, scope }]): [string, ApiOperation] => {
      const proxy = isAgentOperation(name)
        ? (call: Call, caller: Caller) => proxyToAgent(call, name, caller)
        : (call: Call, caller: Caller) => proxyToControlPlane(call, caller.trace);
      const handle = (call: Call): Promise<void> => {
        const trace = traceCall(call, tracing, { operation: name, route: path });
        const admit = (principal: Principal) => {
          admitCaller(call, { principal, scope, limitRate: checks.limitRate });
          return proxy(call, { principal, trace });
        };
        const verified = checks.verifier.verify(joinedHeader(call.incoming, 'authorization'));
        return verified instanceof Promise ? verified.then(admit) : admit(verified);
      };
      return [name, { method, path, handle }];
    },
  );
  return { ...Object.fromEntries(entries), ...createDocumentOperations(docsDirectory) };
}

/** @returns the trace headers for the next hop. */
function traceCall(
  call: Call,
  tracing: Tracing,
  named: { operation: string; route: string },
): TraceHeaders {
  const { incoming, outgoing, method, logFields } = call;
  const { operation, route } = named;
  const { headers, end } = tracing.begin({ operation, route, method, headers: incoming.headers });
  if (end)
    outgoing.once('close', () =>
      end({
        status: outgoing.headersSent ? outgoing.statusCode : clientLeft,
        fields: logFields,
      }),
    );
  return headers;
}

export interface CallerChecks {
  verifier: CallerVerifier;
  limitRate: RateLimiter;
}

interface Admission {
  principal: Principal;
  scope: Scope;
  limitRate: RateLimiter;
}

/** @throws AppError `rate_limited` or `insufficient_scope` */
function admitCaller({ logFields }: Call, { principal, scope, limitRate }: Admission): void {
  logFields.tenant_id = principal.tenantId;
  limitRate(principal);
  requireScope(principal, scope);
}
