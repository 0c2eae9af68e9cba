import { afterAll, beforeAll, describe } from 'vitest';
import type { OpenStore, SessionStoreHarness } from './harness.ts';
import { idempotencyKeysConformance } from './idempotency-keys-conformance.ts';
import { leasesConformance } from './leases-conformance.ts';
import { liveSessionsConformance } from './live-sessions-conformance.ts';
import { sessionListConformance } from './session-list-conformance.ts';
import { sessionRowsConformance } from './session-rows-conformance.ts';
import { sessionSweepConformance } from './session-sweep-conformance.ts';

/** The guarantees of every adapter of the `SessionStore` port, on every endpoint. */
export const describeSessionStore = (name: string, harness: SessionStoreHarness): void => {
  describe(name, { timeout: 20_000 }, () => {
    let opened: OpenStore | undefined;
    beforeAll(async () => {
      opened = await harness.open();
    });
    afterAll(() => opened?.close());

    const open = (): OpenStore => {
      if (opened === undefined) throw new Error('the store is open only while its tests run');
      return opened;
    };
    describe('rows', () => sessionRowsConformance(open));
    describe('list', () => sessionListConformance(open));
    describe('live sessions', () => liveSessionsConformance(open));
    describe('idempotency keys', () => idempotencyKeysConformance(open));
    describe('leases', () => leasesConformance(open));
    describe('sweep', () => sessionSweepConformance(open));
  });
};
