import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubePods } from '../kube-api.ts';
import { isKubeApiError } from '../kube-api-error.ts';
import type { Pod } from '../kube-objects.ts';
import type { KubeApiHarness, OpenKubeApi } from './harness.ts';
import { newSuffix, pendingPod } from './manifests.ts';

/** Creating, reading, patching and deleting one pod. */
export function describePodWrites(harness: KubeApiHarness): void {
  describe('writes of pods', () => {
    let open: OpenKubeApi;
    let pods: KubePods;
    beforeAll(async () => {
      open = await harness.open();
      pods = open.api.pods;
    });
    afterAll(() => open.close());
    const create = (labels = {}) => pods.create(pendingPod(labels));

    it('returns the created object, and reads it again', async () => {
      const manifest = pendingPod({ a: '1' });
      const pod = await pods.create(manifest);
      expect(pod.metadata).toMatchObject({ name: manifest.metadata.name, labels: { a: '1' } });
      expect(pod.status.phase).toBe('Pending');
      expect(Date.parse(pod.metadata.creationTimestamp)).toBeGreaterThan(0);
      const read = await pods.get(pod.metadata.name);
      expect(read?.metadata.uid).toBe(pod.metadata.uid);
    });

    it('reads null if there is no pod', async () => {
      expect(await pods.get(`steppe-${newSuffix()}`)).toBeNull();
    });

    it('refuses a second pod of the same name', async () => {
      const pod = await create();
      const again = pods.create(pendingPod({}, pod.metadata.name));
      await expect(again).rejects.toMatchObject({ kind: 'already_exists' });
    });

    it('refuses a pod that is not valid', async () => {
      const manifest = pendingPod();
      const broken = { ...manifest, spec: { ...manifest.spec, restartPolicy: 'Sometimes' } };
      await expect(pods.create(broken)).rejects.toMatchObject({ kind: 'invalid' });
    });

    it('adds, replaces and removes labels and annotations by a patch, and keeps the others', async () => {
      const { metadata } = await create({ kept: '1', replaced: '1', removed: '1' });
      const patched = await pods.patch(metadata.name, {
        metadata: {
          labels: { replaced: '2', removed: null, added: '1' },
          annotations: { told: 'yes' },
        },
      });
      expect(patched.metadata.labels).toEqual({ kept: '1', replaced: '2', added: '1' });
      expect(patched.metadata.annotations).toMatchObject({ told: 'yes' });
      expect(patched.metadata.resourceVersion).not.toBe(metadata.resourceVersion);
    });

    it('applies exactly one of several patches of one version', async () => {
      const { name } = (await create({ state: 'warm' })).metadata;
      const { resourceVersion } = (await settled(pods, name)).metadata;
      const outcomes = await Promise.allSettled(
        ['a', 'b', 'c', 'd', 'e'].map((session) =>
          pods.patch(name, { metadata: { labels: { session } } }, { resourceVersion }),
        ),
      );
      const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      const lost = outcomes.filter(
        (outcome) => outcome.status === 'rejected' && isKubeApiError(outcome.reason, 'conflict'),
      );
      expect([won.length, lost.length]).toEqual([1, 4]);
      const winner = won[0]?.value.metadata.labels.session;
      expect((await pods.get(name))?.metadata.labels.session).toBe(winner);
    });

    it('sets a deadline and lowers it, and never raises it', async () => {
      const { name } = (await create()).metadata;
      const deadline = (seconds: number) =>
        pods.patch(name, { spec: { activeDeadlineSeconds: seconds } });
      expect((await deadline(600)).spec.activeDeadlineSeconds).toBe(600);
      expect((await deadline(300)).spec.activeDeadlineSeconds).toBe(300);
      await expect(deadline(900)).rejects.toMatchObject({ kind: 'invalid' });
    });

    it('patches no pod that does not exist', async () => {
      const patch = pods.patch(`steppe-${newSuffix()}`, { metadata: { labels: { a: '1' } } });
      await expect(patch).rejects.toMatchObject({ kind: 'not_found' });
    });

    it('deletes a pod once, and finds it absent from then on', async () => {
      const { name, uid } = (await create()).metadata;
      expect(await pods.delete(name, { uid, gracePeriodSeconds: 0 })).toBe('deleting');
      await expectEventually(() => pods.get(name)).toBeNull();
      expect(await pods.delete(name, { uid })).toBe('absent');
    });

    it('deletes only the pod of the given uid and version', async () => {
      const { name } = (await create()).metadata;
      const { uid, resourceVersion } = (await settled(pods, name)).metadata;
      await pods.patch(name, { metadata: { labels: { changed: 'yes' } } });
      const conflict = { kind: 'conflict' };
      const otherUid = `${uid.slice(0, -1)}${uid.endsWith('0') ? '1' : '0'}`;
      await expect(pods.delete(name, { uid: otherUid })).rejects.toMatchObject(conflict);
      await expect(pods.delete(name, { uid, resourceVersion })).rejects.toMatchObject(conflict);
      expect((await pods.get(name))?.metadata.uid).toBe(uid);
    });

    it('throws the reason of a signal that is aborted', async () => {
      const signal = AbortSignal.abort(new Error('no longer wanted'));
      await expect(pods.create(pendingPod(), { signal })).rejects.toThrow('no longer wanted');
      await expect(pods.get('steppe-none', { signal })).rejects.toThrow('no longer wanted');
    });
  });
}

/** The pod after the scheduler has written that no node takes it: nobody else writes it now. */
async function settled(pods: KubePods, name: string): Promise<Pod> {
  let pod: Pod | null = null;
  await expectEventually(async () => {
    pod = await pods.get(name);
    return pod?.status.conditions.find(({ type }) => type === 'PodScheduled')?.reason;
  }).toBe('Unschedulable');
  if (!pod) throw new Error(`no pod ${name}`);
  return pod;
}
