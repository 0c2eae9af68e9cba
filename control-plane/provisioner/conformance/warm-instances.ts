import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { describe, expect, it } from 'vitest';
import type { SessionProvisioner } from '../session-provisioner.ts';
import { collectEnds, newOwner, startRequest } from './requests.ts';
import type { OpenProvisioner } from './session-provisioner-conformance.ts';

/** The guarantees for warm instances, whichever control-plane started them. */
export function describeWarmInstances(opened: () => OpenProvisioner): void {
  const start = (version = 'v1', owner: ReturnType<typeof newOwner> | null = null) => {
    const { provisioner, runtime } = opened();
    return provisioner.start(startRequest(runtime, { version, owner }));
  };
  const claim = (runtime = opened().runtime.name, by: SessionProvisioner = opened().provisioner) =>
    by.claim({ owner: newOwner(), runtime, version: 'v1' });
  const count = (version = 'v1') =>
    opened().provisioner.count({ runtime: opened().runtime.name, version });

  describe('a warm instance', () => {
    it('is never given to a claim of another runtime, or to two sessions', async () => {
      await Promise.all([start(), start('v1', newOwner())]);
      expect(await claim('something-else')).toBeNull();
      expect(await claim()).not.toBeNull();
      expect(await claim()).toBeNull();
    });

    it('is skipped and kept by a claim of another version', async () => {
      const { provisioner } = opened();
      const stale = await start('v0');
      const fresh = await start();
      expect(await claim()).toEqual(fresh);
      expect(await claim()).toBeNull();
      expect(await count('v0')).toEqual({ warm: 1, starting: 0 });
      expect(await provisioner.retire(stale.instanceId)).toBe(true);
    });

    it('is skipped if it is dead', async () => {
      const dead = await start();
      const fresh = await start();
      await opened().kill(dead.instanceId);
      const claimed = await claim();
      // The adapter may notice a kill late; the bind of the dead instance would then fail.
      if (claimed?.instanceId === dead.instanceId) expect(await claim()).toEqual(fresh);
      else expect(claimed).toEqual(fresh);
    });

    it('is counted by runtime and version until it is claimed or ends', async () => {
      expect(await count()).toEqual({ warm: 0, starting: 0 });
      const instances = [await start(), await start()];
      await start('v2');
      await start('v1', newOwner());
      expect(await count()).toEqual({ warm: 2, starting: 0 });
      const listed = await opened().provisioner.list({ consistent: true });
      expect(listed.filter(({ state }) => state === 'warm')).toHaveLength(3);
      await claim();
      await expectEventually(count).toEqual({ warm: 1, starting: 0 });
      await Promise.all(instances.map(({ instanceId }) => opened().provisioner.end(instanceId)));
      await expectEventually(count).toEqual({ warm: 0, starting: 0 });
    });

    it('can be retired permanently, but not once it is claimed', async () => {
      const { provisioner } = opened();
      const [first, second] = [await start(), await start()];
      const claimed = await claim();
      const unclaimed = claimed?.instanceId === first.instanceId ? second : first;
      expect(await provisioner.retire(claimed?.instanceId ?? newInstanceId())).toBe(false);
      expect(await provisioner.retire(unclaimed.instanceId)).toBe(true);
      expect(await provisioner.retire(unclaimed.instanceId)).toBe(false);
      expect(await provisioner.list()).toMatchObject([
        { instanceId: claimed?.instanceId, state: 'claimed' },
      ]);
    });

    it('is taken either by a claim or by a retirement', async () => {
      const { provisioner } = opened();
      const { instanceId } = await start();
      const [claimed, retired] = await Promise.all([claim(), provisioner.retire(instanceId)]);
      expect(claimed === null).toBe(retired);
    });

    it('ends without a session if it was never claimed', async () => {
      const ends = collectEnds(opened().provisioner);
      const { instanceId } = await start();
      await opened().provisioner.end(instanceId);
      await expectEventually(() => ends).toEqual([{ instanceId, reason: 'deleted' }]);
    });
  });

  it('ends an instance that is still starting, and its start then fails', async ({ skip }) => {
    const { provisioner, leftovers, stuck } = opened();
    if (!stuck) return skip('every instance of this adapter is ready at once');
    const owner = newOwner();
    const refused = expect(provisioner.start(startRequest(stuck, { owner }))).rejects.toMatchObject(
      {
        name: 'StartFailedError',
      },
    );
    await expectEventually(() => provisioner.list()).toMatchObject([
      { state: 'starting', sessionId: owner.sessionId },
    ]);
    const [found] = await provisioner.list();
    if (found) await provisioner.end(found.instanceId);
    await refused;
    expect(await leftovers()).toEqual([]);
  });
}
