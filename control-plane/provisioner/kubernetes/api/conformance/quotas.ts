import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isKubeApiError } from '../kube-api-error.ts';
import type { KubeApiHarness, OpenKubeApi } from './harness.ts';
import { pendingPod } from './manifests.ts';

const maxPods = 10;

export function describeQuotas(harness: KubeApiHarness): void {
  describe('a quota of pods', () => {
    let open: OpenKubeApi;
    beforeAll(async () => {
      open = await harness.open({ maxPods });
    });
    afterAll(() => open.close());

    it('admits as many concurrent creates as the quota allows, and names it to the others', async () => {
      const { pods } = open.api;
      const outcomes = await Promise.allSettled(
        Array.from({ length: 2 * maxPods }, () => pods.create(pendingPod())),
      );
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused).toHaveLength(maxPods);
      for (const { reason } of refused)
        expect(isKubeApiError(reason, 'quota_exceeded'), String(reason)).toBe(true);
      const { items } = await pods.list({ read: 'consistent' });
      expect(items).toHaveLength(maxPods);
    });
  });
}
