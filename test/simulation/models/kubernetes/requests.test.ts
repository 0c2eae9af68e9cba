import { createIds } from '@steppe/contracts/ids';
import { pendingPod } from '@steppe/control-plane/provisioner/kubernetes/api/conformance/manifests';
import type { KubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/kube-api';
import { expect, test } from 'vitest';
import { Kernel } from '../../kernel/kernel.ts';
import { createSimulatedClock } from '../../kernel/simulated-clock.ts';
import { driveKernel } from '../../testing/drive-kernel.ts';
import { type ClusterModel, createClusterModel } from './cluster-model.ts';
import { type ClusterOptions, type KubernetesFaults, noFaults } from './cluster-parts.ts';
import { quietCluster } from './testing/quiet-cluster.ts';

interface OpenCluster {
  kernel: Kernel;
  faults: KubernetesFaults;
  seen: string[];
  cluster: ClusterModel;
  api: KubeApi;
}

function open(
  given: Partial<KubernetesFaults> = {},
  options: Partial<ClusterOptions> = {},
): OpenCluster {
  const kernel = new Kernel({ seed: 1 });
  const clock = createSimulatedClock(kernel);
  const faults = { ...noFaults, ...given };
  const seen: string[] = [];
  const onFault = (kind: string) => void seen.push(kind);
  const cluster = createClusterModel(kernel, { ...quietCluster, faults, onFault, ...options });
  const owner = kernel.createProcess('control-plane');
  const api = kernel.runAs(owner, () => cluster.kubeApi({ clock, ids: createIds(clock) }));
  return { kernel, faults, seen, cluster, api };
}

/** What the adapter makes of a create if every request meets this fault. */
async function createDuring(fault: keyof KubernetesFaults) {
  const opened = open({ [fault]: 1 });
  const manifest = pendingPod({}, 'steppe-1');
  const outcome = await driveKernel(
    opened.kernel,
    opened.api.pods.create(manifest).then(
      () => 'created',
      (error) => error.kind,
    ),
  );
  return { ...opened, outcome, pods: opened.cluster.pods().length };
}

test.each([
  ['unreachable', 'unavailable'],
  ['refused', expect.stringMatching(/^(unavailable|too_many_requests|forbidden)$/)],
  ['broken', 'unavailable'],
] as const)('does not execute a request that is %s', async (fault, expected) => {
  const { outcome, pods, seen } = await createDuring(fault);
  expect({ outcome, pods }).toEqual({ outcome: expected, pods: 0 });
  expect(new Set(seen)).toEqual(new Set([fault]));
});

test('executes a request whose response is lost, and the adapter finds what it created', async () => {
  const { outcome, pods, kernel, faults, api } = await createDuring('responseLost');
  expect({ outcome, pods }).toEqual({ outcome: 'unavailable', pods: 1 });
  const second = api.pods.create(pendingPod({}, 'steppe-2'));
  kernel.schedule(50, kernel.world, 'calm', () => Object.assign(faults, noFaults));
  expect((await driveKernel(kernel, second)).metadata.name).toBe('steppe-2');
});

test('executes a late request after its sender has given up', async () => {
  const { kernel, api, cluster } = open({ late: 1 });
  const giveUp = new AbortController();
  const creating = api.pods.create(pendingPod(), { signal: giveUp.signal });
  kernel.schedule(500, kernel.world, 'give up', () => giveUp.abort(new Error('given up')));
  await expect(driveKernel(kernel, creating)).rejects.toThrow('given up');
  expect(cluster.pods()).toHaveLength(0);
  await kernel.run(60_000);
  expect(cluster.pods()).toHaveLength(1);
});

test('keeps the write of a process that dies after it sent it, and responds to nobody', async () => {
  const { kernel, cluster } = open();
  const clock = createSimulatedClock(kernel);
  const dying = kernel.createProcess('dying');
  const outcomes: unknown[] = [];
  kernel.schedule(0, dying, 'create', () => {
    const { pods } = cluster.kubeApi({ clock, ids: createIds(clock) });
    pods.create(pendingPod()).then(
      (pod) => outcomes.push(pod),
      (error) => outcomes.push(error),
    );
    kernel.schedule(0.1, kernel.world, 'accident', () => kernel.kill(dying));
  });
  await kernel.run(60_000);
  expect({ pods: cluster.pods().length, outcomes }).toEqual({ pods: 1, outcomes: [] });
});

test('passes a moment before it sends a request, and another one with its response', async () => {
  const moments: [string, number][] = [];
  const moment = async (what: string) => void moments.push([what, cluster.pods().length]);
  const { kernel, api, cluster } = open({}, { moment });
  await driveKernel(kernel, api.pods.create(pendingPod()));
  expect(moments).toEqual([
    ['kube POST pods', 0],
    ['kube POST pods done', 1],
  ]);
});

/** Watches from now on, and creates one pod. */
async function watchCreate(given: Partial<KubernetesFaults>) {
  const opened = open();
  const { kernel, api } = opened;
  const { resourceVersion } = await driveKernel(kernel, api.pods.list({ read: 'consistent' }));
  Object.assign(opened.faults, given);
  const events: [type: string, ms: number][] = [];
  let end: unknown;
  const follow = async () => {
    const { signal } = new AbortController();
    const query = { resourceVersion, timeoutSeconds: 300, signal };
    for await (const { type } of api.pods.watch(query)) events.push([type, kernel.elapsedMs]);
    end = 'closed';
  };
  follow().catch((error) => {
    end = error.kind;
  });
  await driveKernel(kernel, api.pods.create(pendingPod()));
  const createdMs = kernel.elapsedMs;
  await kernel.run(200_000);
  return { ...opened, end, createdMs, events, types: events.map(([type]) => type) };
}

test('breaks the connection of a watch', async () => {
  const { end, types } = await watchCreate({ watchBroken: 1 });
  expect({ end, types }).toEqual({ end: 'unavailable', types: [] });
});

test('sends changes seconds late, in their order', async () => {
  const { types, events, createdMs } = await watchCreate({ watchLate: 1 });
  expect(types.slice(0, 2)).toEqual(['added', 'modified']);
  expect((events[0]?.[1] ?? 0) - createdMs).toBeGreaterThan(400);
});

test('keeps a silent watch open and sends nothing, not even bookmarks', async () => {
  const silent = await watchCreate({ watchSilent: 1 });
  expect({ end: silent.end, types: silent.types }).toEqual({ end: undefined, types: [] });
  expect((await watchCreate({})).types).toContain('bookmark');
});

test('has lost the version from which a watch starts', async () => {
  const { end, seen } = await watchCreate({ historyLost: 1 });
  expect({ end, seen }).toEqual({ end: 'gone', seen: ['historyLost'] });
});
