import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceEnd, SessionProvisioner } from '../session-provisioner.ts';
import { collectEnds, newOwner, startRequest } from './requests.ts';
import type { OpenProvisioner } from './session-provisioner-conformance.ts';

/** The guarantees if several control-planes share the instances, or one restarts. */
export function describeSharedInstances(opened: () => OpenProvisioner, isShared: boolean): void {
  let other: SessionProvisioner;
  const openAnother = () => {
    const another = opened().openAnother?.();
    if (!another) throw new Error('the harness has no second provisioner');
    return another;
  };
  const start = (owner: ReturnType<typeof newOwner> | null, by = opened().provisioner) =>
    by.start(startRequest(opened().runtime, { owner }));
  const claim = (by: SessionProvisioner, owner = newOwner()) =>
    by.claim({ owner, runtime: opened().runtime.name, version: 'v1' });

  describe.runIf(isShared)('shared with another control-plane', () => {
    beforeEach(() => {
      other = openAnother();
    });
    afterEach(() => other.close());

    it('gives a warm instance to a control-plane that did not start it', async () => {
      const { provisioner, bind, runtime } = opened();
      const { instanceId, address } = await start(null);
      const createdAtMs = expect.any(Number);
      const base = { instanceId, address, runtime: runtime.name, version: 'v1', createdAtMs };
      for (const by of [provisioner, other])
        expect(await by.list()).toEqual([{ ...base, state: 'warm' }]);
      const sessionId = newSessionId();
      expect(await claim(other, newOwner(sessionId))).toEqual({ instanceId, address });
      for (const by of [provisioner, other]) {
        expect(await by.list()).toMatchObject([{ instanceId, state: 'claimed', sessionId }]);
        expect(await claim(by)).toBeNull();
      }
      expect(await bind(instanceId, address, sessionId)).toBe(200);
    });

    it('gives each warm instance to one of many claims, and losers the next one', async () => {
      const { provisioner } = opened();
      const warm = await Promise.all([start(null), start(null), start(null)]);
      const claims = Array.from({ length: 10 }, (_, index) =>
        claim(index % 2 ? provisioner : other),
      );
      const given = (await Promise.all(claims)).flatMap((instance) => instance?.instanceId ?? []);
      expect(given.toSorted()).toEqual(warm.map(({ instanceId }) => instanceId).toSorted());
    });

    it('lets either a claim here or a retirement elsewhere take a warm instance', async () => {
      const { provisioner } = opened();
      const { instanceId } = await start(null);
      const [claimed, retired] = await Promise.all([claim(other), provisioner.retire(instanceId)]);
      expect(claimed === null).toBe(retired);
    });

    it('ends an instance that another control-plane started', async () => {
      const { instanceId } = await start(newOwner());
      await other.end(instanceId);
      await expectEventually(() => opened().leftovers()).toEqual([]);
    });

    it('delivers an end once to every control-plane, with the session of the claim', async () => {
      const { provisioner, kill } = opened();
      const received = [collectEnds(provisioner), collectEnds(other)];
      const { instanceId } = await start(null);
      const sessionId = newSessionId();
      await claim(other, newOwner(sessionId));
      await kill(instanceId);
      const detail = expect.stringMatching(/SIGKILL|137/);
      const end = { instanceId, sessionId, reason: 'crashed', detail };
      for (const ends of received) await expectEventually(() => ends).toEqual([end]);
      const requested = await start(newOwner(), other);
      await provisioner.end(requested.instanceId);
      const second = { instanceId: requested.instanceId, reason: 'deleted' };
      for (const ends of received) await expectEventually(() => ends).toMatchObject([end, second]);
    });
  });

  describe.runIf(isShared)('a provisioner that restarts', () => {
    it('lists the live instances, and delivers each unacknowledged end once', async () => {
      const { kill } = opened();
      await opened().provisioner.close();
      const first = openAnother();
      const acknowledged = await start(newOwner(), first);
      const stop = first.watch(async () => {});
      await first.end(acknowledged.instanceId);
      await expectEventually(() => opened().leftovers()).toEqual([]);
      stop();
      const [lives, unseen, rejected] = [
        await start(newOwner(), first),
        await start(newOwner(), first),
        await start(newOwner(), first),
      ];
      await kill(unseen.instanceId);
      const refused: InstanceEnd[] = [];
      first.watch(async (end) => {
        refused.push(end);
        throw new Error('the store is away');
      });
      await kill(rejected.instanceId);
      await expectEventually(() => new Set(refused.map(({ instanceId }) => instanceId)).size).toBe(
        2,
      );
      await first.close();

      const restarted = openAnother();
      expect(await restarted.list({ consistent: true })).toMatchObject([
        { instanceId: lives.instanceId },
      ]);
      const ends = collectEnds(restarted);
      await expectEventually(() => ends.map(({ instanceId }) => instanceId).toSorted()).toEqual(
        [unseen.instanceId, rejected.instanceId].toSorted(),
      );
      await restarted.close();
      const again = openAnother();
      expect(collectEnds(again)).toEqual([]);
      await again.close();
    });
  });
}
