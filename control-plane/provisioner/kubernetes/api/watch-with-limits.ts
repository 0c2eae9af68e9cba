import type { Clock } from '@steppe/service-kit/process/clock';
import type { KubePods, PodWatchEvent, WatchQuery } from './kube-api.ts';

export interface WatchLimits {
  /** The server ends a watch after this time and up to twice as much, by chance. */
  watchSeconds: number;
  /**
   * A watch that has received nothing for this long is dead, whatever its connection says. The API
   * server sends a bookmark once a minute.
   */
  silenceMs: number;
}

/** Nothing was received for too long, or the server did not end the watch in time. */
export class SilentWatchError extends Error {
  override readonly name = 'SilentWatchError';
}

/** The server has this long to end a watch at its time. */
const graceMs = 30_000;

interface LimitedWatchOptions {
  pods: KubePods;
  query: WatchQuery;
  silenceMs: number;
  clock: Clock;
}

/** As `pods.watch`. @throws SilentWatchError too. */
export async function* watchWithLimits({
  pods,
  query,
  silenceMs,
  clock,
}: LimitedWatchOptions): AsyncGenerator<PodWatchEvent> {
  const ending = new AbortController();
  const end = (message: string) => ending.abort(new SilentWatchError(message));
  const onAbort = () => ending.abort(query.signal.reason);
  query.signal.addEventListener('abort', onAbort, { once: true });
  if (query.signal.aborted) onAbort();

  let lastEventAt = clock.monotonicMs();
  const check = () => {
    const restMs = lastEventAt + silenceMs - clock.monotonicMs();
    if (restMs <= 0) end(`nothing received for ${silenceMs} ms`);
    else stopCheck = clock.after(restMs, check);
  };
  let stopCheck = clock.after(silenceMs, check);
  const lastMs = query.timeoutSeconds * 1000 + graceMs;
  const stopDeadline = clock.after(lastMs, () => end(`not ended by the server in ${lastMs} ms`));
  try {
    for await (const event of pods.watch({ ...query, signal: ending.signal })) {
      lastEventAt = clock.monotonicMs();
      yield event;
    }
  } finally {
    stopCheck();
    stopDeadline();
    query.signal.removeEventListener('abort', onAbort);
  }
}
