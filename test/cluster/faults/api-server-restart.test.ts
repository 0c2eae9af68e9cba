import { setTimeout as sleep } from 'node:timers/promises';
import { pendingPod } from '@steppe/control-plane/provisioner/kubernetes/api/conformance/manifests';
import type { KubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/kube-api';
import { KubeApiError } from '@steppe/control-plane/provisioner/kubernetes/api/kube-api-error';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cluster } from '../support/cluster-program.ts';
import { type OpenInformer, openInformer } from '../support/open-informer.ts';

describe('a restart of the API server', () => {
  let open: OpenInformer;
  beforeAll(async () => {
    open = await openInformer();
    await open.informer.synced;
  });
  afterAll(() => open.close());

  it('loses no create, doubles none, and leaves the informer with what exists', async () => {
    const { api, informer, rounds } = open;
    const created: string[] = [];
    const removed: string[] = [];
    let isDone = false;
    const work = async () => {
      while (!isDone) {
        const pod = pendingPod({ app: 'test' });
        const { name } = (await retryForbidden(() => api.pods.create(pod))).metadata;
        created.push(name);
        if (created.length % 2 === 0) {
          await retryForbidden(() => api.pods.delete(name, { gracePeriodSeconds: 0 }));
          removed.push(name);
        }
      }
    };
    const workers = Promise.all(Array.from({ length: 4 }, work));
    await expect.poll(() => created.length).toBeGreaterThan(20);
    await cluster('restart', 'kube-apiserver');
    const before = created.length;
    await expect.poll(() => created.length).toBeGreaterThan(before + 20);
    isDone = true;
    await workers;

    const expected = created.filter((name) => !removed.includes(name)).sort();
    expect(await namesIn(api)).toEqual(expected);
    const cached = () => [...informer.all()].map(({ metadata }) => metadata.name).sort();
    await expect.poll(cached).toEqual(expected);
    expect(rounds).toContain('ended failed');
  });
});

/** An API server that has just started refuses calls until it has loaded its roles. */
async function retryForbidden<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof KubeApiError && error.kind === 'forbidden')) throw error;
      await sleep(100);
    }
  }
}

async function namesIn({ pods }: KubeApi): Promise<string[]> {
  const { items } = await pods.list({ labels: { app: 'test' }, read: 'consistent' });
  return items.map(({ metadata }) => metadata.name).sort();
}
