import type { EndedReason } from '@steppe/contracts/end-reason';
import { errorBodySchema, errorKinds } from '@steppe/contracts/errors';
import type { InstanceId } from '@steppe/contracts/ids';
import {
  type AgentState,
  agentStateSchema,
  type BindRequest,
  bindResponseSchema,
  type Lifetime,
} from '@steppe/contracts/internal';
import type { InternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { createClientDispatcher } from '@steppe/service-kit/http/dispatchers';
import type { Network } from '@steppe/service-kit/http/network';
import { request } from 'undici';

export interface AgentAddress {
  instanceId: InstanceId;
  address: string;
}

interface AgentCallFailedOptions extends ErrorOptions {
  /** The message if absent. */
  detail?: string;
  isUnreachable?: boolean;
}

/** The agent did not respond, or not as expected. The message is for the log. */
export class AgentCallError extends Error {
  override readonly name = 'AgentCallError';
  /** For the owner of the session: contains no address and no path. */
  readonly detail: string;
  /** True if there was no response: the instance may have ended. */
  readonly isUnreachable: boolean;

  constructor(
    message: string,
    { detail = message, isUnreachable = false, ...options }: AgentCallFailedOptions = {},
  ) {
    super(message, options);
    this.detail = detail;
    this.isUnreachable = isUnreachable;
  }
}

/** The interpreter does not start with the session's variables. The message has its output. */
export class InterpreterStartError extends Error {
  override readonly name = 'InterpreterStartError';
}

/**
 * The calls of the control-plane to agents. Every call throws `AgentCallError`, or the signal's
 * reason if the signal aborts the call.
 */
export interface AgentClient {
  /**
   * Binds the instance to its session, once in its life, at `firstEpoch`. Throws if an interpreter
   * died before the bind, and `InterpreterStartError` if it does not start with the variables.
   */
  bind(agent: AgentAddress, binding: BindRequest, signal: AbortSignal): Promise<void>;
  updateLifetime(agent: AgentAddress, lifetime: Lifetime, signal: AbortSignal): Promise<void>;
  /** Resolves when the agent has accepted the request; its process exits after that. */
  end(agent: AgentAddress, reason: EndedReason, signal: AbortSignal): Promise<void>;
  state(agent: AgentAddress, signal: AbortSignal): Promise<AgentState>;
  close(): Promise<void>;
}

/** The epoch at which every session begins. */
export const firstEpoch = 1;

interface Call {
  method: 'GET' | 'POST';
  path: string;
  body?: object;
  expect: number;
  signal: AbortSignal;
}

interface AgentClientParts {
  signer: InternalTokenSigner;
  network: Network;
}

export function createAgentClient({ signer, network }: AgentClientParts): AgentClient {
  const dispatcher = createClientDispatcher({
    network,
    connectTimeoutMs: 1_000,
    maxResponseBytes: 64 * 1024,
  });

  const send = async (
    { instanceId, address }: AgentAddress,
    { method, path, body, signal }: Call,
  ) => {
    try {
      const { statusCode, body: received } = await request(`${address}${path}`, {
        method,
        dispatcher,
        signal,
        headers: {
          authorization: `Bearer ${await signer.sign(instanceId)}`,
          'content-type': 'application/json',
        },
        body: body ? JSON.stringify(body) : null,
      });
      return { status: statusCode, text: await received.text() };
    } catch (cause) {
      signal.throwIfAborted();
      const why = cause instanceof Error ? cause.message : String(cause);
      const detail = `the agent cannot be reached (${codeOf(cause)})`;
      throw new AgentCallError(`${method} ${path} of ${instanceId}: ${why}`, {
        cause,
        detail,
        isUnreachable: true,
      });
    }
  };

  const call = async (agent: AgentAddress, details: Call): Promise<unknown> => {
    const { status, text } = await send(agent, details);
    const what = `${details.method} ${details.path} of ${agent.instanceId}`;
    if (status !== details.expect) {
      const startFailure = startFailureIn(status, text);
      if (startFailure !== undefined) throw new InterpreterStartError(startFailure);
      const detail = `the agent responded with status ${status}`;
      throw new AgentCallError(`${what}: status ${status}: ${text.slice(0, 256)}`, { detail });
    }
    try {
      return text === '' ? undefined : JSON.parse(text);
    } catch (cause) {
      const detail = 'the response of the agent is not valid JSON';
      throw new AgentCallError(`${what}: ${detail}`, { cause, detail });
    }
  };

  return {
    async bind(agent, binding, signal) {
      const response = await call(agent, {
        method: 'POST',
        path: '/internal/bind',
        body: binding,
        expect: 200,
        signal,
      });
      const bound = bindResponseSchema.safeParse(response);
      if (!bound.success || bound.data.instance_id !== agent.instanceId) {
        throw new AgentCallError(`${agent.instanceId} did not bind as itself`, {
          cause: bound.error,
        });
      }
      if (bound.data.epoch !== firstEpoch) {
        throw new AgentCallError(`${agent.instanceId} lost its interpreter before it was bound`);
      }
    },
    async updateLifetime(agent, lifetime, signal) {
      await call(agent, {
        method: 'POST',
        path: '/internal/limits',
        body: lifetime,
        expect: 204,
        signal,
      });
    },
    async end(agent, reason, signal) {
      await call(agent, {
        method: 'POST',
        path: '/internal/end',
        body: { reason },
        expect: 202,
        signal,
      });
    },
    async state(agent, signal) {
      const response = await call(agent, {
        method: 'GET',
        path: '/internal/state',
        expect: 200,
        signal,
      });
      const state = agentStateSchema.safeParse(response);
      if (state.success) return state.data;
      throw new AgentCallError(`${agent.instanceId} returned an invalid state`, {
        cause: state.error,
      });
    },
    close: () => dispatcher.destroy(),
  };
}

function startFailureIn(status: number, text: string): string | undefined {
  if (status !== errorKinds.start_failed.status) return undefined;
  try {
    const { error } = errorBodySchema.parse(JSON.parse(text));
    return error.code === 'start_failed' ? error.message : undefined;
  } catch {
    return undefined;
  }
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : 'no response';
