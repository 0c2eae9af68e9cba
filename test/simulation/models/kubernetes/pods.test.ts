import type { EndedReason } from '@steppe/contracts/end-reason';
import { createIds } from '@steppe/contracts/ids';
import { newOwner, startRequest } from '@steppe/control-plane/provisioner/conformance/requests';
import type { Pod } from '@steppe/control-plane/provisioner/kubernetes/api/kube-objects';
import { podSchema } from '@steppe/control-plane/provisioner/kubernetes/api/kube-objects';
import { label, podName } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { readEnd } from '@steppe/control-plane/provisioner/kubernetes/pods/read-end';
import { readStart } from '@steppe/control-plane/provisioner/kubernetes/pods/read-start';
import type {
  Instance,
  InstanceOwner,
  StartRequest,
} from '@steppe/control-plane/provisioner/session-provisioner';
import { expect, test } from 'vitest';
import { createSimulatedClock } from '../../kernel/simulated-clock.ts';
import { driveKernel } from '../../testing/drive-kernel.ts';
import { type ClusterOptions, type KubernetesFaults, noFaults } from './cluster-parts.ts';
import { openSimulatedPods } from './testing/open-simulated-pods.ts';

/** A provisioner on a cluster with these faults, and what really ended its pods. */
function open(given: Partial<KubernetesFaults> = {}, options: Partial<ClusterOptions> = {}) {
  const faults = { ...noFaults, ...given };
  const facts: EndedReason[] = [];
  const onPodEnd = (_name: string, reason: EndedReason) => void facts.push(reason);
  const pods = openSimulatedPods({ faults, onPodEnd, ...options });
  const provisioner = pods.open();
  const start = (given: Partial<StartRequest> = {}): Promise<Instance> =>
    provisioner.start(startRequest(pods.runtimes.runtime, given));
  return {
    ...pods,
    faults,
    facts,
    provisioner,
    start,
    drive: <T>(work: Promise<T>) => driveKernel(pods.kernel, work),
    /** As the provisioner reads it. */
    pod: (): Pod | undefined => pods.cluster.pods().map((pod) => podSchema.parse(pod))[0],
    pass: (ms: number) => pods.kernel.run(pods.kernel.elapsedMs + ms),
  };
}

test.each([
  ['unschedulable', { state: 'waiting', problem: { reason: 'unschedulable' } }],
  ['pullFailed', { state: 'waiting', problem: { reason: 'image_unavailable' } }],
] as const)('keeps a pod waiting while it is %s, and starts it afterwards', async (fault, seen) => {
  const { faults, pod, start, drive, kernel } = open({ [fault]: 1 });
  const starting = start();
  kernel.schedule(5_000, kernel.world, 'look', () => {
    const found = pod();
    expect(found && readStart(found)).toMatchObject(seen);
    Object.assign(faults, noFaults);
  });
  expect(await drive(starting)).toMatchObject({ address: expect.any(String) });
});

test('lets an agent exit before it is ready', async () => {
  const { start, drive, cluster } = open({ startCrashed: 1 });
  await expect(drive(start())).rejects.toMatchObject({ reason: 'crashed' });
  expect(cluster.pods()).toEqual([]);
});

test('routes a service to its pod a moment after both exist, or seconds later', async () => {
  const startMs = async (given: Partial<KubernetesFaults>) => {
    const { start, drive, kernel, cluster } = open(given);
    const { address } = await drive(start());
    expect(cluster.resolve(new URL(address).hostname)).toMatch(/^10\.1\./);
    return kernel.elapsedMs;
  };
  expect((await startMs({ routeLate: 1 })) - (await startMs({}))).toBeGreaterThan(500);
});

test('gives the addresses of pods and services again to later ones', async () => {
  const { start, drive, provisioner } = open();
  provisioner.watch(async () => {});
  const addresses: string[] = [];
  for (let count = 0; count < 70; count += 1) {
    const { instanceId, address } = await drive(start());
    addresses.push(address);
    await drive(provisioner.end(instanceId));
  }
  expect(new Set(addresses).size).toBeLessThan(addresses.length);
});

test.each(['drain', 'pressure'] as const)('evicts a pod by %s', async (by) => {
  const { start, drive, cluster, pass, pod, facts } = open();
  const { instanceId } = await drive(start());
  cluster.evict(podName(instanceId), by);
  await pass(20_000);
  expect(facts).toEqual(['evicted']);
  expect(cluster.runningPods()).toEqual([]);
  const left = pod();
  if (by === 'pressure') expect(left && readEnd(left)).toMatchObject({ reason: 'evicted' });
  else expect(left).toBeUndefined();
});

test('deletes a pod while it is warm, and leaves a claimed one alone', async () => {
  const { start, drive, cluster, pass, pod, facts } = open();
  const claimed = await drive(start());
  cluster.deleteWarm(podName(claimed.instanceId));
  expect(pod()?.metadata.deletionTimestamp).toBeUndefined();
  const warm = await drive(start({ owner: null }));
  cluster.deleteWarm(podName(warm.instanceId));
  await pass(5_000);
  expect(facts).toEqual(['deleted']);
  expect(pod()?.metadata.name).toBe(podName(claimed.instanceId));
});

test('keeps the pods of a lost node until its machine is back', async () => {
  const { start, drive, cluster, pass, pod, facts, provisioner } = open();
  const ends: unknown[] = [];
  await drive(start());
  const node = cluster.nodes.find(({ name }) => name === pod()?.spec.nodeName);
  if (!node) throw new Error('the pod has no node');
  cluster.loseNode(node);
  await pass(30_000);
  const before = pod();
  expect(before && readEnd(before)).toBeNull();
  await pass(80_000);
  const after = pod();
  expect(after && readEnd(after)).toMatchObject({ reason: 'node_lost' });
  provisioner.watch(async ({ reason }) => void ends.push(reason));
  await pass(30_000);
  expect({ ends, pod: pod(), facts }).toEqual({
    ends: ['node_lost'],
    pod: undefined,
    facts: ['node_lost'],
  });
});

test('finds that the pods of a lost node have crashed if it returns soon', async () => {
  const { start, drive, cluster, pass, pod, facts } = open();
  await drive(start());
  const node = cluster.nodes.find(({ name }) => name === pod()?.spec.nodeName);
  if (!node) throw new Error('the pod has no node');
  cluster.loseNode(node);
  await pass(10_000);
  cluster.restoreNode(node);
  await pass(2_000);
  const left = pod();
  expect(left && readEnd(left)).toMatchObject({ reason: 'crashed' });
  expect(facts).toEqual(['crashed']);
});

test('ends a pod whose container stopped just before its node was lost', async () => {
  const { start, drive, cluster, pass, pod, facts } = open();
  const { instanceId } = await drive(start());
  const node = cluster.nodes.find(({ name }) => name === pod()?.spec.nodeName);
  if (!node) throw new Error('the pod has no node');
  cluster.killPod(podName(instanceId), 'crashed');
  cluster.loseNode(node);
  await pass(10_000);
  expect(facts).toEqual([]);
  cluster.restoreNode(node);
  await pass(2_000);
  const left = pod();
  expect(left && readEnd(left)).toMatchObject({ reason: 'crashed' });
  expect(facts).toEqual(['crashed']);
});

test('ends a claimed pod at its deadline', async () => {
  const { start, drive, pass, pod, facts } = open();
  await drive(start());
  await pass(3_600_000 + 600_000 + 10_000);
  const left = pod();
  expect(left && readEnd(left)).toMatchObject({ reason: 'expired' });
  expect(facts).toEqual(['expired']);
});

test('does not make a claimed pod warm again when the response of its start was lost', async () => {
  let isWatched = false;
  const opened = open(
    {},
    {
      async moment(what) {
        if (what === 'kube PATCH pods' && isWatched) opened.faults.responseLost = 1;
      },
    },
  );
  const { cluster, drive, start, runtimes, pod } = opened;
  const other = opened.open();
  const [first, second] = [newOwner(), newOwner()];
  const claim = (owner: InstanceOwner) =>
    other.claim({ owner, runtime: runtimes.runtime.name, version: 'v1' });
  // Also synchronizes its cache.
  expect(await drive(claim(first))).toBeNull();
  isWatched = true;
  const claims: Promise<unknown>[] = [];
  cluster.onWrite(({ after }) => {
    if (after?.metadata.labels[label.state] !== 'warm' || !isWatched) return;
    isWatched = false;
    opened.faults.responseLost = 0;
    claims.push(claim(first));
  });
  const started = await drive(start({ owner: null }));
  expect(await drive(Promise.all(claims))).toEqual([started]);
  expect(pod()?.metadata.labels).toMatchObject({ [label.state]: 'claimed' });
  expect(await drive(claim(second))).toBeNull();
});

test('collects a service that is created after its pod was deleted', async () => {
  const { cluster, drive, kernel, pass } = open();
  const clock = createSimulatedClock(kernel);
  const { services } = cluster.kubeApi({ clock, ids: createIds(clock) });
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'gone', uid: 'gone' } as const];
  const metadata = { name: 'late', ownerReferences };
  await drive(services.create({ metadata, spec: { selector: { none: 'such' } } }));
  await pass(5_000);
  expect(cluster.services()).toEqual([]);
});

test('leaves a pod that was claimed before the start that made it warm was aborted', async () => {
  const abort = new AbortController();
  let claimed: Promise<Instance | null> | undefined;
  const { start, drive, cluster, ...pods } = open(
    {},
    {
      // The start has not read yet that its pod is warm.
      moment: async (what) => {
        if (claimed || what !== 'kube PATCH pods done') return;
        const runtime = pods.runtimes.runtime.name;
        claimed = pods.open().claim({ owner: newOwner(), runtime, version: 'v1' });
        await claimed;
        abort.abort(new Error('too late'));
      },
    },
  );
  const starting = start({ owner: null, signal: abort.signal });
  await expect(drive(starting)).rejects.toThrow('too late');
  expect(await claimed).toMatchObject({ address: expect.any(String) });
  await pods.pass(10_000);
  expect(cluster.pods().map(({ metadata }) => metadata.labels[label.state])).toEqual(['claimed']);
});
