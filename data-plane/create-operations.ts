import { operations } from '@steppe/contracts/operations';
import type { ApiOperation } from '@steppe/service-kit/create-api';
import { isAgentOperation } from './agent-calls.ts';
import { authenticate, type CallerChecks } from './authenticate.ts';
import { createDocumentOperations } from './document-operations.ts';
import type { AgentForwarder } from './forward-to-agent.ts';
import type { ControlPlanePasser } from './pass-to-control-plane.ts';

interface Dependencies extends CallerChecks {
  forwardToAgent: AgentForwarder;
  passToControlPlane: ControlPlanePasser;
}

/** Every call of the API, authenticated here and answered by who the contract says; and what describes them, open to all. */
export function createOperations({ forwardToAgent, passToControlPlane, ...checks }: Dependencies): Record<string, ApiOperation> {
  const entries = Object.entries(operations).map(([name, { method, path, scope }]): [string, ApiOperation] => [
    name,
    {
      method,
      path,
      async handle(c) {
        const principal = await authenticate(c, checks, scope);
        return isAgentOperation(name) ? forwardToAgent(c, name, principal) : passToControlPlane(c);
      },
    },
  ]);
  return { ...Object.fromEntries(entries), ...createDocumentOperations() };
}
