import { type FollowLimits, type FollowPodsOptions, followPods } from './follow-pods.ts';
import type { PodWatchEvent } from './kube-api.ts';
import type { Pod } from './kube-objects.ts';
import { podsPerPage } from './list-all-pods.ts';
import { createPodCache, type GroupOf, isLater, type PodChange } from './pod-cache.ts';

export type PodListener = (change: PodChange) => void;

/**
 * The pods of one selector, kept up to date by a watch. It is eventually consistent: some
 * milliseconds old while the API server responds, and `ageMs` old while it does not.
 */
export interface PodInformer {
  /** Resolves after the first list. Pending while the API server does not respond. */
  readonly synced: Promise<void>;
  readonly size: number;
  get(name: string): Pod | undefined;
  all(): IterableIterator<Pod>;
  /** The pods of a group, those that have been in it longest first. Costs O(1). */
  group(key: string): ReadonlyMap<string, Pod>;
  /**
   * Takes the response of a write, so that the cache has it before the watch does. An older state,
   * or that of a pod which is known to be deleted, changes nothing.
   */
  observe(pod: Pod): void;
  /**
   * Calls `listener` after each change; the first list adds its pods. The changes of one pod come in
   * order, but not every state of it. @returns a function that ends the subscription.
   */
  subscribe(listener: PodListener): () => void;
  /** As `subscribe`, for the pod of this name alone. */
  subscribeTo(name: string, listener: PodListener): () => void;
  /** Time since a list, an event or a bookmark last told what is current. */
  ageMs(): number;
  /** Ends the watch; `synced` rejects if it is pending. Idempotent. */
  close(): Promise<void>;
}

export interface PodInformerOptions extends Omit<FollowPodsOptions, 'limits'> {
  groupOf: GroupOf;
  limits?: Partial<FollowLimits>;
}

/** After this time, a watch that receives nothing is replaced. */
export const watchSilenceMs = 90_000;

const defaultLimits: FollowLimits = {
  watchSeconds: 300,
  silenceMs: watchSilenceMs,
  pageSize: podsPerPage,
  backoffMs: [100, 5_000],
};

export function createPodInformer(options: PodInformerOptions): PodInformer {
  const { clock, logger } = options;
  const listeners = createListeners((error) =>
    logger.error({ err: error }, 'listener of pod changes failed'),
  );
  const cache = createPodCache(options.groupOf, listeners.notify);
  const closing = new AbortController();
  let position: string | null = null;
  let currentAt = clock.monotonicMs();
  let onSynced = () => {};
  const synced = new Promise<void>((resolve, reject) => {
    onSynced = resolve;
    closing.signal.addEventListener('abort', () => reject(closing.signal.reason), { once: true });
  });
  // Whoever waits for it sees the rejection; nobody has to.
  synced.catch(() => undefined);

  const reached = (resourceVersion: string) => {
    position = resourceVersion;
    currentAt = clock.monotonicMs();
  };
  const receiver = {
    onList(pods: readonly Pod[], resourceVersion: string) {
      cache.replaceAll(pods, resourceVersion);
      reached(resourceVersion);
      onSynced();
    },
    onEvent(event: PodWatchEvent) {
      if (event.type === 'bookmark') return reached(event.resourceVersion);
      if (event.type === 'deleted') cache.remove(event.pod, false);
      else cache.put(event.pod);
      reached(event.pod.metadata.resourceVersion);
    },
  };
  const limits = { ...defaultLimits, ...options.limits };
  const following = followPods({ ...options, limits }, receiver, closing.signal);

  return {
    synced,
    get size() {
      return cache.size;
    },
    get: cache.get,
    all: cache.all,
    group: cache.group,
    observe(pod) {
      const { name, resourceVersion } = pod.metadata;
      // The watch has passed this version: it has seen the pod come and go.
      const isGone = !cache.get(name) && (!position || !isLater(resourceVersion, position));
      if (!isGone) cache.put(pod);
    },
    subscribe: listeners.add,
    subscribeTo: listeners.addFor,
    ageMs: () => clock.monotonicMs() - currentAt,
    async close() {
      closing.abort(new Error('the informer is closed'));
      await following;
    },
  };
}

/** Listeners of all pods, and of single ones, whose number must not slow down the others. */
function createListeners(onError: (error: unknown) => void) {
  const ofAll = new Set<PodListener>();
  const byName = new Map<string, Set<PodListener>>();
  const call = (listener: PodListener, change: PodChange) => {
    try {
      listener(change);
    } catch (error) {
      onError(error);
    }
  };
  return {
    notify(change: PodChange) {
      for (const listener of ofAll) call(listener, change);
      const ofOne = byName.get(change.pod.metadata.name) ?? [];
      for (const listener of ofOne) call(listener, change);
    },
    add(listener: PodListener): () => void {
      ofAll.add(listener);
      return () => ofAll.delete(listener);
    },
    addFor(name: string, listener: PodListener): () => void {
      const ofOne = byName.get(name) ?? new Set();
      byName.set(name, ofOne.add(listener));
      return () => {
        ofOne.delete(listener);
        if (ofOne.size === 0 && byName.get(name) === ofOne) byName.delete(name);
      };
    },
  };
}
