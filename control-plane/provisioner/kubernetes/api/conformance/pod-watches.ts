import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubePods, PodWatchEvent } from '../kube-api.ts';
import type { KubeApiHarness, OpenKubeApi } from './harness.ts';
import { newSuffix, pendingPod } from './manifests.ts';

export function describePodWatches(harness: KubeApiHarness): void {
  describe('watches of pods', () => {
    let open: OpenKubeApi;
    let pods: KubePods;
    beforeAll(async () => {
      open = await harness.open();
      pods = open.api.pods;
    });
    afterAll(() => open.close());

    /** Watches from now on. The array grows while it does. */
    const startWatch = async (labels: Record<string, string>, timeoutSeconds = 60) => {
      const { resourceVersion } = await pods.list({ labels, read: 'consistent' });
      const ending = new AbortController();
      const { signal } = ending;
      const events: PodWatchEvent[] = [];
      const run = async () => {
        const query = { labels, resourceVersion, timeoutSeconds, signal };
        for await (const event of pods.watch(query)) events.push(event);
      };
      const ended = run();
      ended.catch(() => undefined);
      return { events, ended, stop: (reason: Error) => ending.abort(reason) };
    };

    const summary = (events: readonly PodWatchEvent[]): string[] =>
      events.flatMap((event) => {
        if (event.type === 'bookmark') return [];
        const { name, labels } = event.pod.metadata;
        return `${event.type} ${name} ${labels.step ?? ''}`;
      });

    it('yields what is created, changed and deleted, in order, and nothing else', async () => {
      const labels = { group: newSuffix() };
      const { events, stop } = await startWatch(labels);
      await pods.create(pendingPod({ group: newSuffix() }));
      const { name } = (await pods.create(pendingPod({ ...labels, step: '1' }))).metadata;
      await pods.patch(name, { metadata: { labels: { step: '2' } } });
      await pods.delete(name, { gracePeriodSeconds: 0 });
      await expect.poll(() => summary(events).at(-1)).toBe(`deleted ${name} 2`);
      const seen = summary(events);
      expect(seen[0]).toBe(`added ${name} 1`);
      expect(seen).toContain(`modified ${name} 2`);
      expect(seen.every((line) => line.includes(name))).toBe(true);
      stop(new Error('done'));
    });

    it('yields a pod as deleted when it loses a label, and as added when it gets it', async () => {
      const labels = { group: newSuffix() };
      const { name } = (await pods.create(pendingPod({ ...labels, step: '1' }))).metadata;
      const { events, stop } = await startWatch(labels);
      await pods.patch(name, { metadata: { labels: { group: null } } });
      await expect.poll(() => summary(events)).toContain(`deleted ${name} 1`);
      await pods.patch(name, { metadata: { labels } });
      await expect.poll(() => summary(events)).toContain(`added ${name} 1`);
      stop(new Error('done'));
    });

    it('continues after a version, without what came before it', async () => {
      const labels = { group: newSuffix() };
      await pods.create(pendingPod({ ...labels, step: 'before' }));
      const { events, stop } = await startWatch(labels);
      const { name } = (await pods.create(pendingPod({ ...labels, step: 'after' }))).metadata;
      await expect.poll(() => summary(events)).toContain(`added ${name} after`);
      expect(summary(events).filter((line) => line.startsWith('added'))).toHaveLength(1);
      stop(new Error('done'));
    });

    it('ends in order at its time', async () => {
      const { ended } = await startWatch({ group: newSuffix() }, 1);
      await expect(ended).resolves.toBeUndefined();
    });

    it('throws the reason of its signal', async () => {
      const labels = { group: newSuffix() };
      const { events, ended, stop } = await startWatch(labels);
      await pods.create(pendingPod(labels));
      await expect.poll(() => events.length).toBeGreaterThan(0);
      stop(new Error('no longer wanted'));
      await expect(ended).rejects.toThrow('no longer wanted');
    });

    it('throws gone for a version that the API server no longer has', async ({ skip }) => {
      if (!open.forgetVersion) return skip('this API server forgets nothing on demand');
      const resourceVersion = await open.forgetVersion();
      const { signal } = new AbortController();
      const watch = pods.watch({ resourceVersion, timeoutSeconds: 60, signal });
      await expect(firstOf(watch)).rejects.toMatchObject({ kind: 'gone' });
    });
  });
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}
