import { pendingPod } from '@steppe/control-plane/provisioner/kubernetes/api/conformance/manifests';
import { afterEach, describe, expect, it } from 'vitest';
import { type OpenInformer, openInformer } from './support/open-informer.ts';

describe('informer of pods on a real API server', () => {
  const opened: OpenInformer[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(({ close }) => close()));
  });
  const open = async (...limits: Parameters<typeof openInformer>): Promise<OpenInformer> => {
    const informer = await openInformer(...limits);
    opened.push(informer);
    return informer;
  };

  it('follows what is created, claimed and deleted, group by group', async () => {
    const { api, informer, changes } = await open();
    await informer.synced;
    const { name } = (await api.pods.create(pendingPod({ app: 'test', state: 'warm' }))).metadata;
    await api.pods.create(pendingPod({ app: 'other', state: 'warm' }));
    await expect.poll(() => [...informer.group('warm').keys()]).toEqual([name]);
    await api.pods.patch(name, { metadata: { labels: { state: 'claimed' } } });
    await expect.poll(() => [...informer.group('claimed').keys()]).toEqual([name]);
    expect(informer.group('warm').size).toBe(0);
    await api.pods.delete(name, { gracePeriodSeconds: 0 });
    await expect.poll(() => informer.size).toBe(0);
    expect([changes[0], changes.at(-1)]).toEqual([`added ${name}`, `deleted ${name}`]);
  });

  it('misses nothing from one watch to the next, and lists once', async () => {
    const { api, informer, changes, rounds } = await open({ watchSeconds: 1 });
    await informer.synced;
    const names: string[] = [];
    while (rounds.filter((round) => round === 'ended closed').length < 3)
      names.push((await api.pods.create(pendingPod({ app: 'test' }))).metadata.name);
    await expect.poll(() => informer.size).toBe(names.length);
    const added = changes.filter((change) => change.startsWith('added '));
    expect(added.sort()).toEqual(names.map((name) => `added ${name}`).sort());
    expect(rounds.filter((round) => round.startsWith('listed'))).toEqual(['listed start']);
  });

  it('has the response of a write before the watch, and keeps the later of the two', async () => {
    const { api, informer } = await open();
    await informer.synced;
    const pod = await api.pods.create(pendingPod({ app: 'test', state: 'warm' }));
    informer.observe(pod);
    const { name } = pod.metadata;
    for (let round = 1; round <= 20; round += 1) {
      const labels = { state: `state-${round}` };
      const patched = await api.pods.patch(name, { metadata: { labels } });
      informer.observe(patched);
      expect([...informer.group(labels.state).keys()]).toEqual([name]);
    }
    expect(informer.size).toBe(1);
  });
});
