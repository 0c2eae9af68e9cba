import { stat } from 'node:fs/promises';
import type { InstanceId } from '@steppe/contracts/ids';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { EndListener, InstanceEnd } from '../session-provisioner.ts';
import { removeTree } from './instance-directory.ts';
import { type InstanceEntry, readEntry } from './instance-entry.ts';
import { listInstanceIds, rootOf } from './instances-directory.ts';
import { forgetOldEnds, listKeptEnds, readKeptEnd } from './kept-ends.ts';
import { isOrphaned, nodeLostEnd, reapInstance } from './reap-instance.ts';

export interface InstanceWatch {
  watch(listener: EndListener): () => void;
  /** An end of what was noted is reported also where it leaves no trace. */
  note(entry: InstanceEntry): void;
  /** Notifies the listeners of an end, unless they know it. */
  tell(end: InstanceEnd): void;
  /** Resolves when no look is going on. */
  stop(): Promise<void>;
}

interface WatchOptions {
  instances: string;
  logger: Logger;
  /** Whether this process started it, and tells its end itself. */
  isOwn: (instanceId: InstanceId) => boolean;
  /** Ends one that somebody retired, but may not have ended. */
  endRetired: (instanceId: InstanceId) => void;
}

const lookEveryMs = 500;
const forgetEveryMs = 60_000;
/** A directory that nothing is written in is neither being made nor removed after that. */
const abandonedMs = 60_000;

/**
 * Looks, while somebody listens, for the ends of other control-planes' instances, and reaps those
 * that nobody else will.
 */
export function createInstanceWatch({
  instances,
  logger,
  isOwn,
  endRetired,
}: WatchOptions): InstanceWatch {
  const listeners = new Set<EndListener>();
  const received = new Set<InstanceId>();
  const known = new Map<InstanceId, InstanceEntry>();
  let forgotAtMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  const tell = (end: InstanceEnd) => {
    known.delete(end.instanceId);
    if (received.has(end.instanceId)) return;
    received.add(end.instanceId);
    for (const listener of listeners) listener(end);
  };

  const note = (entry: InstanceEntry) => {
    if (entry.address && listeners.size > 0) known.set(entry.instanceId, entry);
  };

  const look = async () => {
    const there = new Set(listInstanceIds(instances));
    const missing = [...known.values()].filter(
      ({ instanceId }) => !there.has(instanceId) && !isOwn(instanceId),
    );
    // An end is kept before its directory goes: whatever is missing by now and was kept, is kept by
    // now.
    const kept = new Set(listKeptEnds(instances));
    for (const instanceId of kept) {
      if (there.has(instanceId) || received.has(instanceId) || isOwn(instanceId)) continue;
      const end = await readKeptEnd(instances, instanceId);
      if (end) tell(end);
    }
    for (const entry of missing) tell(nodeLostEnd(entry));
    for (const instanceId of received)
      if (!kept.has(instanceId) && !there.has(instanceId)) received.delete(instanceId);
    for (const instanceId of there) if (!isOwn(instanceId)) await lookAt(instanceId);
    // Those of an hour: too many to look at each of them each time.
    if (performance.now() - forgotAtMs < forgetEveryMs) return;
    forgotAtMs = performance.now();
    await forgetOldEnds(instances, Date.now());
  };

  const lookAt = async (instanceId: InstanceId) => {
    // What has an owner changes no more.
    const seen = known.get(instanceId);
    const entry = seen?.owner ? seen : readEntry(rootOf(instances, instanceId));
    if (!entry) return removeIfAbandoned(rootOf(instances, instanceId));
    note(entry);
    if (isOrphaned(entry)) await reapInstance(instances, entry);
    else if (entry.owner === 'retired') endRetired(instanceId);
  };

  const lookOn = () => {
    looking ??= look()
      .catch((err) => logger.warn({ err }, 'could not look after the instances'))
      .finally(() => {
        looking = undefined;
      });
  };

  return {
    tell,
    note,
    watch(listener) {
      // What is kept from before must be distinguished from what comes now.
      if (listeners.size === 0)
        for (const instanceId of listKeptEnds(instances)) received.add(instanceId);
      listeners.add(listener);
      timer ??= setInterval(lookOn, lookEveryMs).unref();
      return () => void listeners.delete(listener);
    },
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

async function removeIfAbandoned(root: string): Promise<void> {
  const found = await stat(root).catch(() => undefined);
  if (found && found.mtimeMs + abandonedMs < Date.now()) await removeTree(root);
}
