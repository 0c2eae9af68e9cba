import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeApi } from '../kube-api.ts';
import type { EventManifest } from '../kube-manifests.ts';
import type { KubeApiHarness, OpenKubeApi } from './harness.ts';
import { newSuffix, pendingPod, serviceFor } from './manifests.ts';

export function describeServicesAndEvents(harness: KubeApiHarness): void {
  describe('services and events', () => {
    let open: OpenKubeApi;
    let api: KubeApi;
    beforeAll(async () => {
      open = await harness.open();
      api = open.api;
    });
    afterAll(() => open.close());

    it('gives a service its address when it creates it, and reads and lists it', async () => {
      const suffix = newSuffix();
      const { metadata, spec } = await api.services.create(serviceFor(suffix));
      expect(spec.clusterIP).toMatch(/^[0-9a-f.:]+$/);
      const read = await api.services.get(metadata.name);
      expect(read?.spec.clusterIP).toBe(spec.clusterIP);
      const labels = { 'steppe.dev/instance': suffix };
      const { items } = await api.services.list({ labels, read: 'consistent' });
      expect(items.map((service) => service.metadata.uid)).toEqual([metadata.uid]);
    });

    it('refuses a second service of the same name', async () => {
      const suffix = newSuffix();
      await api.services.create(serviceFor(suffix));
      const again = api.services.create(serviceFor(suffix));
      await expect(again).rejects.toMatchObject({ kind: 'already_exists' });
    });

    it('deletes a service once, and finds it absent from then on', async () => {
      const { name, uid } = (await api.services.create(serviceFor(newSuffix()))).metadata;
      expect(await api.services.delete(name, { uid })).toBe('deleting');
      await expectEventually(() => api.services.get(name)).toBeNull();
      expect(await api.services.delete(name)).toBe('absent');
    });

    it('removes a service after the pod that owns it', async () => {
      const pod = (await api.pods.create(pendingPod())).metadata;
      const service = serviceFor(newSuffix());
      const owner = { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid } as const;
      const { name } = (
        await api.services.create({
          ...service,
          metadata: { ...service.metadata, ownerReferences: [owner] },
        })
      ).metadata;
      expect((await api.services.get(name))?.metadata.ownerReferences).toHaveLength(1);
      await api.pods.delete(pod.name, { gracePeriodSeconds: 0 });
      await expectEventually(() => api.services.get(name)).toBeNull();
    });

    it('creates an event, and counts it up', async () => {
      const event = eventOf(`steppe-${newSuffix()}`);
      await api.events.create(event);
      await api.events.patch(event.metadata.name, {
        count: 2,
        lastTimestamp: '2026-01-02T03:04:06Z',
      });
      await expect(api.events.create(event)).rejects.toMatchObject({ kind: 'already_exists' });
    });

    it('says so if the event to count up has expired', async () => {
      const patch = { count: 2, lastTimestamp: '2026-01-02T03:04:06Z' };
      const patching = api.events.patch(`steppe-${newSuffix()}`, patch);
      await expect(patching).rejects.toMatchObject({ kind: 'not_found' });
    });
  });
}

const eventOf = (podName: string): EventManifest => ({
  metadata: { name: `${podName}.created` },
  involvedObject: { apiVersion: 'v1', kind: 'Pod', name: podName },
  type: 'Normal',
  reason: 'SessionCreated',
  message: 'the session was created',
  firstTimestamp: '2026-01-02T03:04:05Z',
  lastTimestamp: '2026-01-02T03:04:05Z',
  count: 1,
  source: { component: 'steppe' },
});
