import { describe } from 'vitest';
import type { KubeApiHarness } from './harness.ts';
import { describePodLists } from './pod-lists.ts';
import { describePodWatches } from './pod-watches.ts';
import { describePodWrites } from './pod-writes.ts';
import { describeQuotas } from './quotas.ts';
import { describeServicesAndEvents } from './services-and-events.ts';

/** The guarantees of every adapter of `KubeApi`. */
export function describeKubeApi(name: string, harness: KubeApiHarness): void {
  describe(name, () => {
    describePodWrites(harness);
    describePodLists(harness);
    describePodWatches(harness);
    describeServicesAndEvents(harness);
    describeQuotas(harness);
  });
}
