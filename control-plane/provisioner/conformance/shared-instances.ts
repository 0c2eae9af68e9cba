import { newInstanceId, newSessionId, type SessionId } from '@steppe/contracts/ids';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import type { InstanceEnd, SessionProvisioner } from '../session-provisioner.ts';
import type { OpenProvisioner } from './session-provisioner-conformance.ts';

const patient = new AbortController().signal;

/** What holds of instances that two control-planes share, the warm ones above all. */
export function describeSharedInstances(opened: () => OpenProvisioner): void {
  const start = (sessionId: SessionId | null, version = 'v1', by = opened().provisioner) => {
    const { runtime } = opened();
    return by.start({
      sessionId,
      runtime,
      resources: runtime.default_resources,
      version,
      signal: patient,
    });
  };
  const claim = (
    by: SessionProvisioner,
    sessionId = newSessionId(),
    runtime = opened().runtime.name,
  ) => by.claim({ sessionId, runtime, version: 'v1' });
  const collectEnds = (provisioner: SessionProvisioner) => {
    const ends: InstanceEnd[] = [];
    provisioner.watch((end) => ends.push(end));
    return ends;
  };

  describe('shared with another control-plane', () => {
    it('gives a warm instance to the one that claims it, wherever it was started', async () => {
      const { provisioner, other, bind, runtime } = opened();
      const { instanceId, address } = await start(null);
      for (const by of [provisioner, other]) {
        expect(await by.list()).toEqual([
          {
            instanceId,
            address,
            runtime: runtime.name,
            version: 'v1',
            createdAtMs: expect.any(Number),
            state: 'warm',
          },
        ]);
      }
      const sessionId = newSessionId();
      expect(await claim(other, sessionId)).toEqual({ instanceId, address });
      for (const by of [provisioner, other]) {
        expect(await by.list()).toMatchObject([{ instanceId, state: 'claimed', sessionId }]);
        expect(await claim(by)).toBeNull();
      }
      expect(await bind(instanceId, address, sessionId)).toBe(200);
    });

    it('gives each warm instance to one of many claims at once, and the next to those who lost it', async () => {
      const { provisioner, other } = opened();
      const warm = await Promise.all([start(null), start(null), start(null)]);
      const claims = Array.from({ length: 10 }, (_, index) =>
        claim(index % 2 ? provisioner : other),
      );
      const given = (await Promise.all(claims)).flatMap((instance) => instance?.instanceId ?? []);
      expect(given.toSorted()).toEqual(warm.map(({ instanceId }) => instanceId).toSorted());
    });

    it('never gives one of another runtime, nor one that has a session', async () => {
      await Promise.all([start(null), start(newSessionId())]);
      expect(await claim(opened().other, newSessionId(), 'something-else')).toBeNull();
      expect(await claim(opened().other)).not.toBeNull();
      expect(await claim(opened().other)).toBeNull();
    });

    it('passes over one of another version, and removes it where it was there before', async () => {
      const { provisioner, other, openAnother } = opened();
      const stale = await start(null, 'v0');
      const later = openAnother();
      const fresh = await start(null);
      const newer = await start(null, 'v2');
      expect(await claim(later)).toEqual(fresh);
      await later.close();
      const left = [fresh.instanceId, newer.instanceId].sort();
      expect((await provisioner.list()).map(({ instanceId }) => instanceId).sort()).toEqual(left);
      expect(await provisioner.retire(stale.instanceId)).toBe(false);
      expect(await claim(other)).toBeNull();
      expect(await provisioner.retire(newer.instanceId)).toBe(true);
    });

    it('passes over one that is dead', async () => {
      const dead = await start(null);
      const fresh = await start(null);
      await opened().kill(dead.instanceId);
      const claimed = await claim(opened().other);
      // Where a kill takes a moment, the dead one may still be taken for alive: its bind would
      // fail.
      if (claimed?.instanceId === dead.instanceId)
        expect(await claim(opened().other)).toEqual(fresh);
      else expect(claimed).toEqual(fresh);
    });

    it('retires a warm one for good, and leaves a claimed one alone', async () => {
      const { provisioner, other } = opened();
      const [first, second] = [await start(null), await start(null)];
      const claimed = await claim(other);
      const unclaimed = claimed?.instanceId === first.instanceId ? second : first;
      expect(await other.retire(claimed?.instanceId ?? newInstanceId())).toBe(false);
      expect(await other.retire(unclaimed.instanceId)).toBe(true);
      expect(await provisioner.retire(unclaimed.instanceId)).toBe(false);
      expect(await provisioner.list()).toMatchObject([
        { instanceId: claimed?.instanceId, state: 'claimed' },
      ]);
    });

    it('lets either a claim or a retirement have a warm one', async () => {
      const { provisioner, other } = opened();
      const { instanceId } = await start(null);
      const [claimed, retired] = await Promise.all([claim(other), provisioner.retire(instanceId)]);
      expect(claimed === null).toBe(retired);
    });

    it('ends what another control-plane started, also while it starts', async () => {
      const { other, leftovers, stuck } = opened();
      const { instanceId } = await start(newSessionId());
      await other.end(instanceId);
      expect(await leftovers()).toEqual([]);
      if (!stuck) return;
      const request = {
        sessionId: newSessionId(),
        resources: stuck.default_resources,
        version: 'v1',
        signal: patient,
      };
      const starting = opened().provisioner.start({ ...request, runtime: stuck });
      const refused = expect(starting).rejects.toMatchObject({ name: 'StartFailedError' });
      await eventually(() => other.list()).toMatchObject([
        { state: 'starting', sessionId: request.sessionId },
      ]);
      const [found] = await other.list();
      if (found) await other.end(found.instanceId);
      await refused;
      expect(await leftovers()).toEqual([]);
    });

    it('tells every control-plane of an end, once, with the session that claimed it', async () => {
      const { provisioner, other, kill } = opened();
      const received = [collectEnds(provisioner), collectEnds(other)];
      const { instanceId } = await start(null);
      const sessionId = newSessionId();
      await claim(other, sessionId);
      await kill(instanceId);
      const end = {
        instanceId,
        sessionId,
        reason: 'crashed',
        detail: expect.stringMatching(/SIGKILL|137/),
      };
      for (const ends of received) await eventually(() => ends).toEqual([end]);
      expect(await other.endOf(instanceId)).toEqual(end);
      const requested = await start(newSessionId(), 'v1', other);
      await provisioner.end(requested.instanceId);
      for (const ends of received)
        await eventually(() => ends).toMatchObject([
          end,
          { instanceId: requested.instanceId, reason: 'deleted' },
        ]);
    });

    it('tells of the end of one that was never claimed, without a session', async () => {
      const ends = collectEnds(opened().other);
      const { instanceId } = await start(null);
      await opened().provisioner.end(instanceId);
      await eventually(() => ends).toEqual([{ instanceId, reason: 'deleted' }]);
    });

    it('knows no end of one that lives or never was', async () => {
      const { instanceId } = await start(null);
      expect(await opened().provisioner.endOf(instanceId)).toBeNull();
      expect(await opened().provisioner.endOf(newInstanceId())).toBeNull();
    });
  });
}
