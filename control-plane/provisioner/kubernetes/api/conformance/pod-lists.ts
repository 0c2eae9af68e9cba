import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubePods } from '../kube-api.ts';
import type { Pod } from '../kube-objects.ts';
import type { KubeApiHarness, OpenKubeApi } from './harness.ts';
import { newSuffix, pendingPod } from './manifests.ts';

const namesOf = (items: readonly Pod[]): string[] =>
  items.map(({ metadata }) => metadata.name).sort();

export function describePodLists(harness: KubeApiHarness): void {
  describe('lists of pods', () => {
    let open: OpenKubeApi;
    let pods: KubePods;
    beforeAll(async () => {
      open = await harness.open();
      pods = open.api.pods;
    });
    afterAll(() => open.close());

    it('lists a pod as soon as it is created, and only those with all the labels', async () => {
      const group = newSuffix();
      const wanted = await pods.create(pendingPod({ group, kind: 'a' }));
      await pods.create(pendingPod({ group, kind: 'b' }));
      await pods.create(pendingPod({ kind: 'a' }));
      const { items } = await pods.list({ labels: { group, kind: 'a' }, read: 'consistent' });
      expect(namesOf(items)).toEqual([wanted.metadata.name]);
    });

    it('returns every pod exactly once over several pages of one version', async () => {
      const labels = { group: newSuffix() };
      const created: Pod[] = [];
      for (let index = 0; index < 5; index += 1)
        created.push(await pods.create(pendingPod(labels)));
      const found: Pod[] = [];
      const versions = new Set<string>();
      let page: string | undefined;
      do {
        const result = await pods.list({ labels, read: 'consistent', limit: 2, page });
        expect(result.items.length).toBeLessThanOrEqual(2);
        found.push(...result.items);
        versions.add(result.resourceVersion);
        page = result.nextPage ?? undefined;
      } while (page);
      expect(namesOf(found)).toEqual(namesOf(created));
      expect(versions.size).toBe(1);
    });

    it('lists from the cache, a little later, what it listed with a quorum', async () => {
      const labels = { group: newSuffix() };
      const { name } = (await pods.create(pendingPod(labels))).metadata;
      const cached = async () => namesOf((await pods.list({ labels, read: 'cached' })).items);
      await expectEventually(cached).toEqual([name]);
    });

    it('lists nothing where nothing has the labels', async () => {
      const result = await pods.list({ labels: { group: newSuffix() }, read: 'consistent' });
      expect(result).toMatchObject({ items: [], nextPage: null });
      expect(result.resourceVersion).not.toBe('');
    });
  });
}
