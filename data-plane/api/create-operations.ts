import { operations } from '@steppe/contracts/operations';
import type { ApiOperation } from '@steppe/service-kit/http/create-api';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import { clientLeft } from '@steppe/service-kit/http/request-log';
import type { Context } from 'hono';
import { isAgentOperation } from '../agent-proxy/agent-operations.ts';
import type { AgentProxy } from '../agent-proxy/agent-proxy.ts';
import type { ControlPlaneProxy } from '../control-plane-proxy/control-plane-proxy.ts';
import type { TraceHeaders } from '../telemetry/trace-headers.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { authenticate, type CallerChecks } from './authenticate.ts';
import { createDocumentOperations } from './document-operations.ts';
import { nodeBindings } from './node-bindings.ts';

interface Dependencies extends CallerChecks {
  proxyToAgent: AgentProxy;
  proxyToControlPlane: ControlPlaneProxy;
  tracing: Tracing;
}

/**
 * Builds every operation of the API: each is authenticated here and proxied to the service that the
 * contract names. The operations that describe the API need no token.
 */
export function createOperations(dependencies: Dependencies): Record<string, ApiOperation> {
  const { proxyToAgent, proxyToControlPlane, tracing, ...checks } = dependencies;
  const entries = Object.entries(operations).map(
    ([name, { method, path, scope }]): [string, ApiOperation] => [
      name,
      {
        method,
        path,
        async handle(c) {
          const trace = traceCall(c, tracing, { operation: name, route: path });
          const principal = await authenticate(c, checks, scope);
          return isAgentOperation(name)
            ? proxyToAgent(c, name, { principal, trace })
            : proxyToControlPlane(c, trace);
        },
      },
    ],
  );
  return { ...Object.fromEntries(entries), ...createDocumentOperations() };
}

/** @returns the trace headers for the next hop. */
function traceCall(
  c: Context<HttpEnv>,
  tracing: Tracing,
  call: { operation: string; route: string },
): TraceHeaders {
  const { incoming, outgoing } = nodeBindings(c);
  const { headers, end } = tracing.begin({
    ...call,
    method: c.req.method,
    headers: incoming.headers,
  });
  if (end)
    outgoing.once('close', () =>
      end({
        status: outgoing.headersSent ? outgoing.statusCode : clientLeft,
        fields: c.var.logFields,
      }),
    );
  return headers;
}
