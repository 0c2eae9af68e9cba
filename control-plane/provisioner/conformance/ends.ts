import { systemClock } from '@steppe/service-kit/process/clock';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { describe, expect, it } from 'vitest';
import { findEnd } from '../find-end.ts';
import type { EndListener, InstanceEnd } from '../session-provisioner.ts';
import { collectEnds, newOwner, startRequest } from './requests.ts';
import type { OpenProvisioner } from './session-provisioner-conformance.ts';

/** The delivery of an end until it is acknowledged. */
export function describeEnds(opened: () => OpenProvisioner, stopWatching: () => void): void {
  /** Starts an instance for a session and kills it; resolves with the expected end. */
  const startAndKill = async () => {
    const { provisioner, runtime, kill } = opened();
    const owner = newOwner();
    const { instanceId } = await provisioner.start(startRequest(runtime, { owner }));
    await kill(instanceId);
    await expectEventually(() => provisioner.list()).toEqual([]);
    return { instanceId, sessionId: owner.sessionId, reason: 'crashed' };
  };

  describe('an end that is not acknowledged', () => {
    it('is delivered again to a listener that rejected it, until that resolves', async () => {
      const { provisioner } = opened();
      const received: InstanceEnd[] = [];
      let failures = 2;
      provisioner.watch(async (end) => {
        received.push(end);
        if (failures-- > 0) throw new Error('the store is away');
      });
      const end = await startAndKill();
      await expectEventually(() => received).toMatchObject([end, end, end]);
      await expectEventually(() => opened().leftovers()).toEqual([]);
      expect(collectEnds(provisioner)).toEqual([]);
      expect(received).toHaveLength(3);
    });

    it('is kept while there is no watch, and reaches a listener before watch returns', async () => {
      stopWatching();
      const end = await startAndKill();
      expect(collectEnds(opened().provisioner)).toMatchObject([end]);
      await expectEventually(() => opened().leftovers()).toEqual([]);
      expect(collectEnds(opened().provisioner)).toEqual([]);
    });

    it('reaches the next listener if a watch stops before its listener resolves', async () => {
      const { provisioner } = opened();
      stopWatching();
      let calls = 0;
      const hang: EndListener = () => {
        calls += 1;
        return new Promise(() => {});
      };
      const stop = provisioner.watch(hang);
      const end = await startAndKill();
      await expectEventually(() => calls).toBe(1);
      stop();
      expect(collectEnds(provisioner)).toMatchObject([end]);
    });

    it('does not keep the end of the instance waiting', async () => {
      const { provisioner, runtime } = opened();
      stopWatching();
      const stop = provisioner.watch(() => new Promise(() => {}));
      const { instanceId } = await provisioner.start(startRequest(runtime, { owner: newOwner() }));
      await provisioner.end(instanceId);
      stop();
      await expectEventually(() => provisioner.list()).toEqual([]);
      expect(collectEnds(provisioner)).toMatchObject([{ instanceId, reason: 'deleted' }]);
    });

    it('can be found without being acknowledged', async () => {
      const { provisioner } = opened();
      stopWatching();
      const end = await startAndKill();
      const find = () => findEnd(provisioner, end.instanceId, { clock: systemClock, waitMs: 0 });
      expect([await find(), await find()]).toMatchObject([end, end]);
      const ends = collectEnds(provisioner);
      expect(ends).toMatchObject([end]);
      await expectEventually(find).toBeNull();
    });
  });

  it('finds no end of a live instance', async () => {
    const { provisioner, runtime } = opened();
    const { instanceId } = await provisioner.start(startRequest(runtime));
    expect(await findEnd(provisioner, instanceId, { clock: systemClock, waitMs: 0 })).toBeNull();
  });
}
