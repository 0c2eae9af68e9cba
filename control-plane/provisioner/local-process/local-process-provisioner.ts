import { availableParallelism } from 'node:os';
import type { Ids, InstanceId } from '@steppe/contracts/ids';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import { removeUnusedInstances } from '@steppe/service-kit/process/instances-directory';
import { abortable, followBoth } from '../../abortable.ts';
import { createEndDelivery } from '../end-delivery.ts';
import type {
  Instance,
  InstanceOwner,
  ListedInstance,
  SessionProvisioner,
  StartRequest,
} from '../session-provisioner.ts';
import { StartFailedError } from '../start-failed-error.ts';
import { type LaunchedInstance, type LaunchOptions, launchInstance } from './launch-instance.ts';
import type { LocalRuntime } from './local-runtime.ts';
import { createModuleCheck } from './missing-modules.ts';
import { createKeyPublisher, type PublicKeySource } from './publish-keys.ts';
import { createStartSlots } from './start-slots.ts';

export interface LocalProcessOptions extends Omit<LaunchOptions, 'keys' | 'graceMs'> {
  /** A start names one of them. */
  runtimes: readonly LocalRuntime[];
  publicKeys: PublicKeySource;
  ids: Pick<Ids, 'instanceId'>;
  graceMs?: number;
}

/** Time that an agent has from SIGTERM to SIGKILL. */
export const defaultGraceMs = 5_000;

interface LocalInstance extends Pick<ListedInstance, 'instanceId' | 'runtime' | 'version'> {
  createdAtMs: number;
  /** Absent until the agent is ready. */
  address?: string;
  owner: InstanceOwner | 'retired' | null;
  end: LaunchedInstance['end'];
  gone: Promise<unknown>;
}

/**
 * A development tool: instances are processes on this machine that run code as the user who
 * started this process. They belong to this provisioner only and end with this process. All state
 * is in memory, including the unacknowledged ends. The caller must have opened the directory with
 * `openInstancesDirectory`.
 */
export function createLocalProcessProvisioner({
  runtimes,
  publicKeys,
  ids,
  graceMs = defaultGraceMs,
  ...options
}: LocalProcessOptions): SessionProvisioner {
  const { clock, logger } = options;
  const keys = createKeyPublisher(publicKeys, logger, clock);
  const requireModules = createModuleCheck();
  const slots = createStartSlots(Math.max(2, availableParallelism()));
  const instances = new Map<InstanceId, LocalInstance>();
  const starting = new Set<Promise<unknown>>();
  const closing = new AbortController();
  const delivery = createEndDelivery({ clock, onAcknowledged: () => {} });

  const launch = async (request: StartRequest, signal: AbortSignal): Promise<Instance> => {
    const { version, owner } = request;
    const runtime = runtimes.find(({ name }) => name === request.runtime);
    if (!runtime) throw new Error(`there is no runtime ${request.runtime}`);
    await requireModules(runtime);
    const instanceId = ids.instanceId();
    const { port, end, gone } = await launchInstance(
      { ...options, keys, graceMs },
      instanceId,
      runtime,
      request,
    );
    const ended = gone.then((cause) => {
      instances.delete(instanceId);
      const delivered = { instanceId, ...sessionOf(instance), ...cause };
      if (instance.address) runDetached(() => delivery.deliver(delivered));
      return cause;
    });
    const base = { instanceId, runtime: runtime.name, version, owner };
    const instance: LocalInstance = { ...base, createdAtMs: clock.now(), end, gone: ended };
    instances.set(instanceId, instance);
    try {
      const address = `http://127.0.0.1:${await abortable(port, signal)}`;
      instance.address = address;
      return { instanceId, address };
    } catch (cause) {
      // Passes no cause, so that the error shows how the agent exited.
      end();
      const { detail = 'the agent exited before it was ready' } = await ended;
      signal.throwIfAborted();
      throw new StartFailedError('crashed', detail, { cause });
    }
  };

  const startInSlot = async (request: StartRequest): Promise<Instance> => {
    const { signal, release } = followBoth(closing.signal, request.signal);
    try {
      const freeSlot = await slots.take(signal);
      return await launch(request, signal).finally(freeSlot);
    } catch (cause) {
      if (request.signal.aborted || cause instanceof StartFailedError) throw cause;
      throw new StartFailedError('start_failed', 'the instance could not be started', { cause });
    } finally {
      release();
    }
  };

  const end = async (instanceId: InstanceId) => {
    const instance = instances.get(instanceId);
    instance?.end({ reason: 'deleted' });
    await instance?.gone;
  };

  return {
    start(request) {
      const start = startInSlot(request).finally(() => starting.delete(start));
      starting.add(start);
      return start;
    },
    async claim({ owner, runtime, version }) {
      for (const instance of instances.values()) {
        const { instanceId, address } = instance;
        const fits = instance.runtime === runtime && instance.version === version;
        if (!fits || !address || instance.owner !== null) continue;
        instance.owner = owner;
        return { instanceId, address };
      }
      return null;
    },
    async retire(instanceId) {
      const instance = instances.get(instanceId);
      if (!instance?.address || instance.owner !== null) return false;
      instance.owner = 'retired';
      await end(instanceId);
      return true;
    },
    end,
    list: async () => [...instances.values()].flatMap(toListed),
    async count({ runtime, version }) {
      const pooled = [...instances.values()].filter(
        (one) => one.runtime === runtime && one.version === version && one.owner === null,
      );
      const warm = pooled.filter(({ address }) => address !== undefined).length;
      return { warm, starting: pooled.length - warm };
    },
    watch: delivery.watch,
    async close() {
      closing.abort(new StartFailedError('start_failed', 'the control-plane is closing'));
      await Promise.allSettled(starting);
      const left = [...instances.values()];
      for (const instance of left)
        instance.end({
          reason: 'node_lost',
          detail: 'the control-plane that ran it was stopped',
        });
      await Promise.all(left.map(({ gone }) => gone));
      delivery.close();
      keys.stop();
      removeUnusedInstances(options.instancesDirectory);
    },
  };
}

const sessionOf = ({ owner }: LocalInstance) =>
  owner === null || owner === 'retired' ? {} : { sessionId: owner.sessionId };

function toListed(instance: LocalInstance): ListedInstance[] {
  const { instanceId, runtime, version, createdAtMs, address, owner } = instance;
  const base = { instanceId, runtime, version, createdAtMs };
  if (owner === 'retired') return [];
  if (!address) return [{ ...base, state: 'starting', ...sessionOf(instance) }];
  if (owner === null) return [{ ...base, state: 'warm', address }];
  return [{ ...base, state: 'claimed', address, sessionId: owner.sessionId }];
}
