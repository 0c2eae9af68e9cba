import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { BindRequest } from '@steppe/contracts/internal';
import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { type Clock, systemClock } from '@steppe/service-kit/process/clock';
import { createEndDelivery, type EndDelivery } from '../provisioner/end-delivery.ts';
import type {
  ClaimRequest,
  InstanceEnd,
  ListedInstance,
  SessionProvisioner,
  StartRequest,
} from '../provisioner/session-provisioner.ts';
import { type AgentAddress, AgentCallError, type AgentClient } from '../sessions/agent-client.ts';

/** An instance and the session that it was bound to. */
export type InMemoryInstance = ListedInstance & { boundTo?: SessionId };

/**
 * Instances in memory that several control-planes share and that outlive the control-plane that
 * started them, as pods do.
 */
export interface InMemoryProvisioner {
  /** Opens the provisioner of one control-plane. */
  open(): SessionProvisioner;
  /** The agents at their addresses. */
  agents: AgentClient;
  living(): InMemoryInstance[];
  /** The ends that nobody has acknowledged yet; nothing else is left of their instances. */
  unacknowledged(): InstanceEnd[];
  /** Ends an instance from outside, as an accident would. */
  kill(instanceId: InstanceId, end: Pick<InstanceEnd, 'reason' | 'detail'>): void;
}

/** @param now the time at which instances are created, in ms of Unix time. */
export function createInMemoryProvisioner(
  now: () => number,
  clock: Clock = systemClock,
): InMemoryProvisioner {
  const instances = new Map<InstanceId, InMemoryInstance>();
  const ends = new Map<InstanceId, InstanceEnd>();
  const deliveries = new Set<EndDelivery>();

  const kill: InMemoryProvisioner['kill'] = (instanceId, { reason, detail }) => {
    const instance = instances.get(instanceId);
    if (!instances.delete(instanceId) || !instance) return;
    const sessionId = instance.state === 'warm' ? undefined : instance.sessionId;
    const end = { instanceId, reason, ...(sessionId && { sessionId }), ...(detail && { detail }) };
    ends.set(instanceId, end);
    for (const delivery of deliveries) void delivery.deliver(end);
  };

  const onAcknowledged = ({ instanceId }: InstanceEnd) => {
    ends.delete(instanceId);
    for (const delivery of deliveries) delivery.forget(instanceId);
  };

  const open = (): SessionProvisioner => {
    const delivery = createEndDelivery({ clock, onAcknowledged });
    deliveries.add(delivery);
    for (const end of ends.values()) void delivery.deliver(end);
    return {
      ...createInstanceCalls(instances, kill, now),
      watch: delivery.watch,
      async close() {
        deliveries.delete(delivery);
        delivery.close();
      },
    };
  };
  return {
    open,
    kill,
    agents: createInMemoryAgents(instances, kill),
    living: () => [...instances.values()],
    unacknowledged: () => [...ends.values()],
  };
}

function createInstanceCalls(
  instances: Map<InstanceId, InMemoryInstance>,
  kill: InMemoryProvisioner['kill'],
  now: () => number,
): Omit<SessionProvisioner, 'watch' | 'close'> {
  return {
    async start({ runtime, version, owner, signal }: StartRequest) {
      // A start takes a moment, in which it can be aborted.
      await Promise.resolve();
      signal.throwIfAborted();
      const instanceId = newInstanceId();
      const address = `http://127.0.0.1:${instances.size + 1}`;
      const base = { instanceId, address, runtime, version, createdAtMs: now() };
      instances.set(
        instanceId,
        owner
          ? { ...base, state: 'claimed', sessionId: owner.sessionId }
          : { ...base, state: 'warm' },
      );
      return { instanceId, address };
    },
    async claim({ owner, runtime, version }: ClaimRequest) {
      for (const warm of instances.values()) {
        if (warm.state !== 'warm' || warm.runtime !== runtime || warm.version !== version) continue;
        const { instanceId, address } = warm;
        instances.set(instanceId, { ...warm, state: 'claimed', sessionId: owner.sessionId });
        return { instanceId, address };
      }
      return null;
    },
    async retire(instanceId) {
      if (instances.get(instanceId)?.state !== 'warm') return false;
      kill(instanceId, { reason: 'deleted' });
      return true;
    },
    end: async (instanceId) => kill(instanceId, { reason: 'deleted' }),
    list: async () => [...instances.values()].map((instance) => ({ ...instance })),
    async count({ runtime, version }) {
      const warm = [...instances.values()].filter(
        (one) => one.runtime === runtime && one.version === version && one.state === 'warm',
      );
      return { warm: warm.length, starting: 0 };
    },
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
