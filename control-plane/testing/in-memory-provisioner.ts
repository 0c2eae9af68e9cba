import { type InstanceId, newInstanceId, type SessionId } from '@steppe/contracts/ids';
import type { BindRequest } from '@steppe/contracts/internal';
import type {
  ClaimRequest,
  EndListener,
  InstanceEnd,
  ListedInstance,
  SessionProvisioner,
  StartRequest,
} from '../provisioner/session-provisioner.ts';
import { type AgentAddress, AgentCallError, type AgentClient } from '../sessions/agent-client.ts';

/** An instance and who it was bound to. */
export type InMemoryInstance = ListedInstance & { boundTo?: SessionId };

/** Where instances live in memory and outlive the control-plane that started them, as pods do. */
export interface InMemoryProvisioner {
  /** One control-plane's way to them. */
  open(): SessionProvisioner;
  /** The agents at their addresses. */
  agents: AgentClient;
  living(): InMemoryInstance[];
  /** Ends one as its own accident would. */
  kill(instanceId: InstanceId, end: Pick<InstanceEnd, 'reason' | 'detail'>): void;
}

/** @param now of their birth, in ms of Unix time. */
export function createInMemoryProvisioner(now: () => number): InMemoryProvisioner {
  const instances = new Map<InstanceId, InMemoryInstance>();
  const ends = new Map<InstanceId, InstanceEnd>();
  const listeners = new Set<EndListener>();

  const kill: InMemoryProvisioner['kill'] = (instanceId, { reason, detail }) => {
    const instance = instances.get(instanceId);
    if (!instances.delete(instanceId) || !instance) return;
    const sessionId = instance.state === 'warm' ? undefined : instance.sessionId;
    const end = { instanceId, reason, ...(sessionId && { sessionId }), ...(detail && { detail }) };
    ends.set(instanceId, end);
    for (const listener of listeners) listener(end);
  };

  const start = async ({ runtime, version, sessionId, signal }: StartRequest) => {
    // It takes a moment, in which it can be aborted.
    await Promise.resolve();
    signal.throwIfAborted();
    const instanceId = newInstanceId();
    const address = `http://127.0.0.1:${instances.size + 1}`;
    const base = { instanceId, address, runtime: runtime.name, version, createdAtMs: now() };
    instances.set(
      instanceId,
      sessionId === null ? { ...base, state: 'warm' } : { ...base, state: 'claimed', sessionId },
    );
    return { instanceId, address };
  };

  /** @param older those that were there before who claims. */
  const claim = async (
    { sessionId, runtime, version }: ClaimRequest,
    older: ReadonlySet<InstanceId>,
  ) => {
    for (const warm of [...instances.values()]) {
      if (warm.state !== 'warm' || warm.runtime !== runtime) continue;
      if (warm.version === version) {
        instances.set(warm.instanceId, { ...warm, state: 'claimed', sessionId });
        return { instanceId: warm.instanceId, address: warm.address };
      }
      if (older.has(warm.instanceId)) kill(warm.instanceId, { reason: 'deleted' });
    }
    return null;
  };

  const open = (): SessionProvisioner => {
    const own = new Set<EndListener>();
    const older = new Set(instances.keys());
    return {
      start,
      claim: (request) => claim(request, older),
      async retire(instanceId) {
        if (instances.get(instanceId)?.state !== 'warm') return false;
        kill(instanceId, { reason: 'deleted' });
        return true;
      },
      end: async (instanceId) => kill(instanceId, { reason: 'deleted' }),
      list: async () => [...instances.values()].map((instance) => ({ ...instance })),
      watch(listener) {
        for (const listening of [listeners, own]) listening.add(listener);
        return () => void listeners.delete(listener);
      },
      endOf: async (instanceId) => ends.get(instanceId) ?? null,
      async close() {
        for (const listener of own) listeners.delete(listener);
      },
    };
  };
  return {
    open,
    kill,
    agents: createInMemoryAgents(instances, kill),
    living: () => [...instances.values()],
  };
}

function createInMemoryAgents(
  instances: Map<InstanceId, InMemoryInstance>,
  kill: InMemoryProvisioner['kill'],
): AgentClient {
  const find = ({ instanceId }: AgentAddress): InMemoryInstance => {
    const instance = instances.get(instanceId);
    if (instance) return instance;
    throw new AgentCallError(`${instanceId} does not respond`, { isUnreachable: true });
  };
  return {
    async bind(agent, { session_id: sessionId }: BindRequest) {
      const instance = find(agent);
      if (instance.boundTo) throw new AgentCallError(`${agent.instanceId} is bound already`);
      instances.set(agent.instanceId, { ...instance, boundTo: sessionId });
    },
    updateLifetime: async (agent) => void find(agent),
    end: async (agent, reason) => {
      find(agent);
      kill(agent.instanceId, { reason });
    },
    async state(agent) {
      find(agent);
      return { epoch: 1, state: 'idle', last_active_at: new Date(0).toISOString() };
    },
    close: async () => {},
  };
}
