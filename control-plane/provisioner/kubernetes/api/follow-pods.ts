import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { KubeApi, PodWatchEvent } from './kube-api.ts';
import { isKubeApiError } from './kube-api-error.ts';
import type { Pod } from './kube-objects.ts';
import { listAllPods } from './list-all-pods.ts';
import { SilentWatchError, type WatchLimits, watchWithLimits } from './watch-with-limits.ts';

/** Why all pods are listed: at the start, or because the watch could not continue. */
export type ListReason = 'start' | 'gone';

/** `closed`: by the server, in order. `silent`: by us, because nothing was received. */
export type WatchEnd = 'closed' | 'gone' | 'silent' | 'failed';

export interface PodInformerMetrics {
  listed(reason: ListReason): void;
  watchEnded(end: WatchEnd): void;
}

export interface FollowLimits extends WatchLimits {
  /** Pods per page of a list. */
  pageSize: number;
  /** The delay after the first failure in a row, which then doubles up to the second. */
  backoffMs: readonly [number, number];
}

export interface FollowPodsOptions {
  api: KubeApi;
  /** Labels that all the pods have. */
  labels: Readonly<Record<string, string>>;
  limits: FollowLimits;
  clock: Clock;
  ids: Pick<Ids, 'random'>;
  logger: Logger;
  metrics: PodInformerMetrics;
}

export interface PodReceiver {
  /** All pods, as of this version. */
  onList(pods: readonly Pod[], resourceVersion: string): void;
  onEvent(event: PodWatchEvent): void;
}

/** What the rounds of list and watch leave to the next one. */
interface Progress {
  /** Where the next watch starts; null if only a list can tell. */
  position: string | null;
  /** Of the next list. */
  reason: ListReason;
  /** Rounds in a row whose watch received nothing. */
  failures: number;
}

/**
 * Lists the pods, then watches them, until `signal` aborts. A watch that ends is continued where it
 * ended, as long as the API server remembers that version; otherwise all pods are listed again.
 */
export async function followPods(
  options: FollowPodsOptions,
  receiver: PodReceiver,
  signal: AbortSignal,
): Promise<void> {
  const { limits, clock, ids, logger, metrics } = options;
  const progress: Progress = { position: null, reason: 'start', failures: 0 };
  while (!signal.aborted) {
    const before = progress.failures;
    progress.failures += 1;
    try {
      await listAndWatch(options, receiver, progress, signal);
      metrics.watchEnded('closed');
    } catch (error) {
      if (signal.aborted) return;
      const end = endOf(error);
      if (before === 0) logger.warn({ err: error, end }, 'watch of pods ended');
      if (progress.position !== null) metrics.watchEnded(end);
      if (end === 'gone') Object.assign(progress, { position: null, reason: 'gone' });
    }
    if (progress.failures === 0) continue;
    const [firstMs, lastMs] = limits.backoffMs;
    const delayMs = Math.min(lastMs, firstMs * 2 ** (progress.failures - 1));
    await clock.sleep(delayMs * (1 - ids.random() / 2), signal).catch(() => undefined);
  }
}

/** One round: a list if there is no position, and a watch until its end. */
async function listAndWatch(
  options: FollowPodsOptions,
  receiver: PodReceiver,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { api, labels, limits, clock, ids, metrics } = options;
  if (progress.position === null) {
    const { pods, resourceVersion } = await listAllPods(api.pods, {
      labels,
      pageSize: limits.pageSize,
      signal,
    });
    receiver.onList(pods, resourceVersion);
    metrics.listed(progress.reason);
    progress.position = resourceVersion;
  }
  const timeoutSeconds = Math.ceil(limits.watchSeconds * (1 + ids.random()));
  const query = { labels, resourceVersion: progress.position, timeoutSeconds, signal };
  const { silenceMs } = limits;
  for await (const event of watchWithLimits({ pods: api.pods, query, silenceMs, clock })) {
    receiver.onEvent(event);
    progress.position =
      event.type === 'bookmark' ? event.resourceVersion : event.pod.metadata.resourceVersion;
    progress.failures = 0;
  }
}

function endOf(error: unknown): WatchEnd {
  if (error instanceof SilentWatchError) return 'silent';
  return isKubeApiError(error, 'gone') ? 'gone' : 'failed';
}
