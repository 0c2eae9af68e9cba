import type { ServerResponse } from 'node:http';
import type { EndedReason } from '@steppe/contracts/end-reason';
import type { InstanceId } from '@steppe/contracts/ids';
import type { InternalTokenVerifier } from '@steppe/service-kit/auth/internal-token/verifier';
import type { BodyBudget } from '@steppe/service-kit/http/body/body-budget';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import type { Context, Handler } from 'hono';
import type { Interpreter } from '../interpreter/interpreter.ts';
import type { Binding } from '../session/binding.ts';
import type { LifetimeClock } from '../session/lifetime-clock.ts';
import type { StepLimits } from '../steps/step-limits.ts';
import type { Workspace } from '../workspace/file-system/directory-workspace.ts';

/** What the agent's operations work on. */
export interface AgentParts {
  instanceId: InstanceId;
  verifier: InternalTokenVerifier;
  binding: Binding;
  interpreter: Interpreter;
  workspace: Workspace;
  /** Of steps, until they are parsed. */
  bodies: BodyBudget;
  clock: LifetimeClock;
  maxFileBytes: number;
  limits: StepLimits & ResponseLimits;
  /** Ends this process, with the reason as its termination message. */
  end: (reason: EndedReason, detail: string) => void;
}

export interface ResponseLimits {
  /** Of the body of a step. */
  bodyBytes: number;
  /** How long a reader of events may take nothing. */
  readerStallMs: number;
}

/** An operation: given the parts, a handler. */
export type Operation = (parts: AgentParts) => Handler<HttpEnv>;

/** Node's own response, for responses that are streamed. The agent is only ever served by Node. */
export function outgoingOf(c: Context<HttpEnv>): ServerResponse {
  const outgoing = c.env.outgoing;
  if (!outgoing || !('writeHead' in outgoing)) throw new TypeError('not served over HTTP/1');
  outgoing.setHeader('X-Request-Id', c.var.requestId);
  return outgoing as ServerResponse;
}
