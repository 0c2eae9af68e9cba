import type { DeleteOptions } from './api/kube-api.ts';
import { isKubeApiError } from './api/kube-api-error.ts';
import type { Pod } from './api/kube-objects.ts';
import type { KubernetesParts } from './kubernetes-parts.ts';

/** A pod whose containers have not stopped by then is removed without waiting for its node. */
export const forceAfterMs = 8_000;
/** How long the API server may need for a deletion that waits for nothing. */
const forcedLimitMs = 5_000;
/** How often the API server is read in case that the watch is interrupted. */
const lookEveryMs = 1_000;

type DeleteParts = Pick<KubernetesParts, 'api' | 'informer' | 'clock'>;

/**
 * Deletes a pod and waits until it does not exist any more. Uses force after a time limit, or at
 * once with a `gracePeriodSeconds` of 0. Its service goes with it. Idempotent.
 * @throws KubeApiError: conflict if a precondition does not hold, …
 */
export async function deletePod(
  parts: DeleteParts,
  name: string,
  options: DeleteOptions = {},
): Promise<'deleted' | 'absent'> {
  const { api } = parts;
  const gone = watchGone(parts, name);
  try {
    if ((await api.pods.delete(name, options)) === 'absent') return 'absent';
    if (await gone.within(forceAfterMs)) return 'deleted';
    await api.pods.delete(name, { gracePeriodSeconds: 0 });
    if (await gone.within(forcedLimitMs)) return 'deleted';
    throw new Error(`the pod ${name} still exists after it was deleted with force`);
  } finally {
    gone.stop();
  }
}

/**
 * Deletes the pod as it is while `may` returns true for it, so that no claim can take it at the same
 * time. @returns whether it did. @throws KubeApiError
 */
export async function deletePodWhile(
  parts: DeleteParts,
  name: string,
  may: (pod: Pod) => boolean,
  options: DeleteOptions = {},
): Promise<boolean> {
  let pod = parts.informer.get(name) ?? (await parts.api.pods.get(name));
  while (pod && may(pod)) {
    const { uid, resourceVersion } = pod.metadata;
    try {
      return (await deletePod(parts, name, { ...options, uid, resourceVersion })) === 'deleted';
    } catch (error) {
      if (!isKubeApiError(error, 'conflict')) throw error;
      pod = await parts.api.pods.get(name);
    }
  }
  return false;
}

function watchGone({ api, informer, clock }: DeleteParts, name: string) {
  let isGone = false;
  let wake = () => {};
  const stop = informer.subscribeTo(name, ({ type }) => {
    if (type !== 'deleted') return;
    isGone = true;
    wake();
  });
  const waitAMoment = async () => {
    const waiting = new AbortController();
    wake = () => waiting.abort();
    await clock.sleep(lookEveryMs, waiting.signal).catch(() => undefined);
  };
  return {
    stop,
    async within(limitMs: number): Promise<boolean> {
      const until = clock.monotonicMs() + limitMs;
      while (!isGone && clock.monotonicMs() < until) {
        await waitAMoment();
        isGone ||= (await api.pods.get(name)) === null;
      }
      return isGone;
    },
  };
}
