import { CoreV1Api } from '@kubernetes/client-node';
import { newOwner, startRequest } from '@steppe/control-plane/provisioner/conformance/requests';
import type { PodSettings } from '@steppe/control-plane/provisioner/kubernetes/pod-settings';
import type { PodRuntime } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-containers';
import type { SessionProvisioner } from '@steppe/control-plane/provisioner/session-provisioner';
import { builtInRuntimes } from '@steppe/control-plane/runtimes/built-in-runtimes';
import { findRuntime } from '@steppe/control-plane/runtimes/find-runtime';
import { bindStatus } from '@steppe/control-plane/testing/bind-status';
import { makeInternalKeys } from '@steppe/control-plane/testing/internal-keys';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { images } from './support/config.ts';
import { loadAdmin, type TestNamespace } from './support/namespaces.ts';
import { openPodProvisioner } from './support/open-pod-provisioner.ts';
import { createSessionNamespace } from './support/session-namespace.ts';

const keys = await makeInternalKeys();
const python: PodRuntime = {
  ...findRuntime(builtInRuntimes(0), 'python'),
  image: images().python,
};
/** More than any node has. */
const greedy = { ...python, name: 'greedy', pod: { requests: { cpu: '900' } } };
const greedyResources = { ...python.default_resources, cpu: '1000' };
const withImage = (name: string, image: string) => ({ ...python, name, image });
const podRuntimes = [
  python,
  greedy,
  withImage('absent', 'registry.invalid/steppe/absent:1'),
  withImage('misnamed', 'Not A Name'),
];

const core = loadAdmin().makeApiClient(CoreV1Api);
const opened: SessionProvisioner[] = [];
let namespace: TestNamespace;
beforeAll(async () => {
  namespace = await createSessionNamespace('starts', keys.publicKeys);
});
afterEach(async () => {
  for (const provisioner of opened.splice(0)) await provisioner.close();
  await core.deleteCollectionNamespacedPod({ namespace: namespace.name, gracePeriodSeconds: 0 });
});
afterAll(() => namespace.delete());

const open = (options: { settings?: Partial<PodSettings>; routeAddress?: 'pod' } = {}) => {
  const provisioner = openPodProvisioner(namespace.name, { podRuntimes, ...options });
  opened.push(provisioner);
  return provisioner;
};
const podNames = async (inNamespace = namespace.name) =>
  (await core.listNamespacedPod({ namespace: inNamespace })).items.map(
    ({ metadata }) => metadata?.name,
  );
const statusOfFirst = async () =>
  JSON.stringify((await core.listNamespacedPod({ namespace: namespace.name })).items[0]?.status);

it.each([
  ['unschedulable', 'greedy', /"Unschedulable"/, /Insufficient cpu/],
  ['image_unavailable', 'absent', /ErrImagePull|ImagePullBackOff/, /registry\.invalid/],
])('waits out %s, and reports it when the start is aborted', async (reason, name, seen, words) => {
  const abort = new AbortController();
  const { signal } = abort;
  const resources = name === 'greedy' ? greedyResources : python.default_resources;
  const request = { ...startRequest({ ...python, name }), signal, resources };
  const failed = expect(open().start(request)).rejects.toMatchObject({
    name: 'StartFailedError',
    reason,
    message: expect.stringMatching(words),
  });
  await expectEventually(statusOfFirst).toMatch(seen);
  abort.abort(new Error('too late'));
  await failed;
  expect(await podNames()).toEqual([]);
});

it('fails at once for an image whose name is invalid, and says that a retry is useless', async () => {
  await expect(open().start(startRequest({ ...python, name: 'misnamed' }))).rejects.toMatchObject({
    reason: 'image_unavailable',
    retryable: false,
  });
  expect(await podNames()).toEqual([]);
});

it('fails at once for an image that the node may not pull', async () => {
  const provisioner = open({ settings: { image_pull_policy: 'Never' } });
  await expect(
    provisioner.start(startRequest({ ...python, name: 'absent' })),
  ).rejects.toMatchObject({ reason: 'image_unavailable', retryable: false });
});

it('fails as quota if a ResourceQuota refuses the pod', async () => {
  const limited = await createSessionNamespace('starts', keys.publicKeys, { maxPods: 0 });
  const provisioner = openPodProvisioner(limited.name, { podRuntimes });
  try {
    await expect(provisioner.start(startRequest(python))).rejects.toMatchObject({
      reason: 'quota',
      message: expect.stringContaining('exceeded quota'),
    });
    expect(await podNames(limited.name)).toEqual([]);
  } finally {
    await provisioner.close();
    await limited.delete();
  }
});

it('reports failed starts to operators in events that outlive the pods', async () => {
  await expect(open().start(startRequest({ ...python, name: 'misnamed' }))).rejects.toThrow();
  const reasons = async () => {
    const { items } = await core.listNamespacedEvent({ namespace: namespace.name });
    return items.filter(({ reason }) => reason === 'StartFailed').map(({ message }) => message);
  };
  await expectEventually(reasons).toContainEqual(expect.stringContaining('image_unavailable'));
});

it('routes to the pod’s own address, without a service, if it is configured so', async () => {
  const provisioner = open({ routeAddress: 'pod' });
  const owner = newOwner();
  const { instanceId, address } = await provisioner.start(startRequest(python, { owner }));
  const [pod] = (await core.listNamespacedPod({ namespace: namespace.name })).items;
  expect(address).toBe(`http://${pod?.status?.podIP}:8070`);
  expect((await core.listNamespacedService({ namespace: namespace.name })).items).toEqual([]);
  expect(await bindStatus(keys.signer, instanceId, address, owner.sessionId)).toBe(200);
});

it('creates pods that Pod Security accepts, with every setting of the operator', async () => {
  const provisioner = open({
    settings: {
      labels: { team: 'platform' },
      annotations: { note: 'a session' },
      tolerations: [{ key: 'sessions', operator: 'Exists', effect: 'NoSchedule' }],
      affinity: { podAntiAffinity: {} },
      image_pull_secrets: ['registry'],
      node_selector: { 'kubernetes.io/os': 'linux' },
      dns: { nameservers: ['10.96.0.10'] },
    },
  });
  const { instanceId } = await provisioner.start(startRequest(python, { owner: null }));
  const [pod] = (await core.listNamespacedPod({ namespace: namespace.name })).items;
  expect(pod?.metadata?.labels).toMatchObject({ team: 'platform', 'steppe.dev/state': 'warm' });
  expect(pod?.spec?.activeDeadlineSeconds).toBeUndefined();
  const claim = { owner: newOwner(), runtime: 'python', version: 'v1' };
  expect(await provisioner.claim(claim)).toMatchObject({ instanceId });
  const [claimed] = (await core.listNamespacedPod({ namespace: namespace.name })).items;
  expect(claimed?.spec?.activeDeadlineSeconds).toBeGreaterThan(3_600);
  expect(claimed?.metadata?.annotations).toMatchObject({ 'karpenter.sh/do-not-disrupt': 'true' });
});
