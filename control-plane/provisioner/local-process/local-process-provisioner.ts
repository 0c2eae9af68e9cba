import { availableParallelism } from 'node:os';
import type { InstanceId } from '@steppe/contracts/ids';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import { removeUnusedInstances } from '@steppe/service-kit/process/instances-directory';
import type {
  ClaimRequest,
  Instance,
  ListedInstance,
  SessionProvisioner,
  StartRequest,
} from '../session-provisioner.ts';
import { StartFailedError } from '../start-failed-error.ts';
import {
  type InstanceEntry,
  isLiving,
  readEntry,
  sessionOf,
  takeOwnership,
} from './instance-entry.ts';
import { readEntries, rootOf } from './instances-directory.ts';
import { readKeptEnd } from './kept-ends.ts';
import { type LaunchedInstance, launchInstance } from './launch-instance.ts';
import { createKeyPublisher, type PublicKeySource } from './publish-keys.ts';
import type { LaunchOptions } from './spawn-instance.ts';
import { createStartSlots } from './start-slots.ts';
import { terminateForeign } from './terminate-foreign.ts';
import { createInstanceWatch } from './watch-instances.ts';

export interface LocalProcessOptions extends Omit<LaunchOptions, 'keys' | 'now'> {
  now?: LaunchOptions['now'];
  publicKeys: PublicKeySource;
}

/**
 * Instances are processes on this machine, which run code as the user who started this one. They
 * end when the process does that started them; until then all that share the directory may claim
 * and end them.
 */
export function createLocalProcessProvisioner({
  publicKeys,
  now = Date.now,
  ...options
}: LocalProcessOptions): SessionProvisioner {
  const { instancesDirectory: instances, logger, graceMs = 5_000 } = options;
  const keys = createKeyPublisher(publicKeys, logger);
  const startedAtMs = now();
  const slots = createStartSlots(Math.max(2, availableParallelism()));
  const running = new Map<InstanceId, LaunchedInstance>();
  const starting = new Set<Promise<unknown>>();
  const removals = new Map<InstanceId, Promise<void>>();
  const closing = new AbortController();

  const startInSlot = async (request: StartRequest): Promise<Instance> => {
    const signal = AbortSignal.any([closing.signal, request.signal]);
    const release = await slots.take(signal);
    try {
      const launched = await launchInstance({ ...options, keys, now }, { ...request, signal });
      running.set(launched.instanceId, launched);
      runDetached(async () => {
        const end = await launched.gone;
        running.delete(end.instanceId);
        watch.tell(end);
      });
      return { instanceId: launched.instanceId, address: launched.address };
    } finally {
      release();
    }
  };

  const end = async (instanceId: InstanceId) => {
    const launched = running.get(instanceId);
    if (!launched) return terminateForeign(instances, instanceId, graceMs);
    launched.end({ reason: 'deleted' });
    await launched.gone;
  };

  const retire = async (instanceId: InstanceId): Promise<boolean> => {
    const root = rootOf(instances, instanceId);
    const entry = readEntry(root);
    if (!entry?.address || !(await takeOwnership(root, 'retired'))) return false;
    await end(instanceId);
    return true;
  };

  const inBackground = (
    instanceId: InstanceId,
    operation: (instanceId: InstanceId) => Promise<unknown>,
  ) => {
    if (removals.has(instanceId)) return;
    const removal = operation(instanceId)
      .catch((err) => logger.warn({ err, instance_id: instanceId }, 'could not remove an instance'))
      .then(() => void removals.delete(instanceId));
    removals.set(instanceId, removal);
  };

  const claim = async ({ sessionId, runtime, version }: ClaimRequest): Promise<Instance | null> => {
    const warm = readEntries(instances).filter(
      (entry) => isWarm(entry) && entry.runtime === runtime,
    );
    for (const entry of warm.toSorted((a, b) => a.createdAtMs - b.createdAtMs)) {
      const { instanceId, address } = entry;
      if (!address) continue;
      const isOther = entry.version !== version;
      if (!isLiving(entry) || (isOther && entry.createdAtMs < startedAtMs))
        inBackground(instanceId, retire);
      else if (!isOther && (await takeOwnership(rootOf(instances, instanceId), sessionId)))
        return { instanceId, address };
    }
    return null;
  };

  const watch = createInstanceWatch({
    instances,
    logger,
    isOwn: (instanceId) => running.has(instanceId),
    endRetired: (instanceId) => inBackground(instanceId, end),
  });

  return {
    async start(request) {
      const start = startInSlot(request);
      starting.add(start);
      try {
        return await start;
      } catch (cause) {
        if (request.signal.aborted || cause instanceof StartFailedError) throw cause;
        throw new StartFailedError('crashed', 'the instance could not be started', { cause });
      } finally {
        starting.delete(start);
      }
    },
    claim,
    retire,
    end,
    async list() {
      const entries = readEntries(instances).filter(({ owner }) => owner !== 'retired');
      for (const entry of entries) watch.note(entry);
      return entries.filter(isLiving).map(toListed);
    },
    watch: watch.watch,
    endOf: (instanceId) => readKeptEnd(instances, instanceId),
    async close() {
      closing.abort(new StartFailedError('crashed', 'the control-plane is closing'));
      await Promise.allSettled(starting);
      const left = [...running.values()];
      for (const launched of left)
        launched.end({ reason: 'node_lost', detail: 'the control-plane that ran it was stopped' });
      await Promise.all(left.map(({ gone }) => gone));
      keys.stop();
      await watch.stop();
      await Promise.all(removals.values());
      removeUnusedInstances(instances);
    },
  };
}

const isWarm = ({ address, owner }: InstanceEntry): boolean =>
  address !== undefined && owner === undefined;

function toListed(entry: InstanceEntry): ListedInstance {
  const { instanceId, runtime, version, createdAtMs, address } = entry;
  const base = { instanceId, runtime, version, createdAtMs };
  const sessionId = sessionOf(entry);
  if (!address) return { ...base, state: 'starting', ...(sessionId && { sessionId }) };
  return sessionId
    ? { ...base, state: 'claimed', address, sessionId }
    : { ...base, state: 'warm', address };
}
