import type { InstanceId } from '@steppe/contracts/ids';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import { abortable } from '../../abortable.ts';
import type { Instance, StartRequest } from '../session-provisioner.ts';
import { StartFailedError } from '../start-failed-error.ts';
import { isAmbiguousWrite, isKubeApiError } from './api/kube-api-error.ts';
import type { Pod } from './api/kube-objects.ts';
import { awaitConnection } from './await-connection.ts';
import { deletePod, deletePodWhile } from './delete-pod.ts';
import type { RouteAddress } from './kubernetes-config.ts';
import type { KubernetesParts } from './kubernetes-parts.ts';
import { agentPort, type PodRuntime, type PodTemplate } from './pods/pod-containers.ts';
import { label, podName } from './pods/pod-labels.ts';
import { podManifest, serviceManifest } from './pods/pod-manifest.ts';
import { readyPatch } from './pods/pod-patches.ts';
import { readStart, type StartProblem } from './pods/read-start.ts';
import { isDeleting, isUnclaimed } from './pods/session-pod.ts';

export interface StartParts extends KubernetesParts {
  template: PodTemplate;
  runtimes: readonly PodRuntime[];
  routeAddress: RouteAddress;
  longestLifeMs: number;
}

/** A pod that was never ready has nothing to save: without a grace period it is gone at once. */
const atOnce = { gracePeriodSeconds: 0 };

/**
 * Creates a pod, waits until it is ready and its address accepts a connection, and labels it. If
 * this throws, nothing of the instance is left: a pod that the API server creates later is deleted.
 * Only a pod of the pool that a claim took in the meantime stays.
 * @throws StartFailedError, or the reason of the request's signal.
 */
export async function startInstance(parts: StartParts, request: StartRequest): Promise<Instance> {
  const { api, informer, network, clock, ids, logger, events } = parts;
  const { signal } = request;
  signal.throwIfAborted();
  const runtime = findRuntime(parts, request.runtime);
  const instanceId = ids.instanceId();
  const name = podName(instanceId);
  const manifest = podManifest(parts.template, runtime, instanceId, request);
  // Not aborted: a write that is cut off may still take effect, after the deletion below.
  const creating = api.pods.create(manifest);
  let created: Pod | undefined;
  try {
    created = await abortable(creating, signal);
    informer.observe(created);
    const [clusterAddress, ready] = await Promise.all([
      createService(parts, instanceId, created, signal),
      awaitReady(parts, created, signal),
    ]);
    const address = clusterAddress ?? podAddress(ready);
    await awaitConnection(address, { network, clock, signal });
    const labelled = await labelReady(parts, ready, request, address);
    if (isDeleting(labelled)) throw deletedMeanwhile();
    informer.observe(labelled);
    return { instanceId, address };
  } catch (error) {
    const waitedFor = signal.aborted && created ? await problemOf(parts, created) : undefined;
    const failure = toFailure(error, signal, waitedFor);
    if (created && failure instanceof StartFailedError)
      events.warn(created, 'StartFailed', `${failure.reason}: ${failure.message}`);
    const isPooled = created !== undefined && !request.owner;
    const remove = async () => {
      try {
        if (isPooled) await deletePodWhile(parts, name, isUnclaimed, atOnce);
        else await deletePod(parts, name, atOnce);
      } catch (err) {
        logger.error({ err, instance_id: instanceId }, 'pod of a failed start not removed');
      }
    };
    await remove();
    if (!created) runDetached(() => creating.then(remove, () => undefined));
    throw failure;
  }
}

/**
 * Labels the pod as warm or claimed, once: a write whose outcome is unclear is not sent again, since
 * a claim may have followed it.
 */
async function labelReady(
  { api, clock, longestLifeMs }: StartParts,
  ready: Pod,
  { owner, signal }: StartRequest,
  address: string,
): Promise<Pod> {
  const { name } = ready.metadata;
  let pod: Pod | null = ready;
  while (pod) {
    const { labels, resourceVersion } = pod.metadata;
    if (labels[label.state] !== 'starting') return pod;
    const patch = readyPatch(pod, owner, address, { nowMs: clock.now(), longestLifeMs });
    try {
      return await api.pods.patch(name, patch, { signal, resourceVersion });
    } catch (error) {
      if (!isKubeApiError(error, 'conflict') && !isAmbiguousWrite(error)) throw error;
    }
    pod = await api.pods.get(name, { signal });
  }
  throw deletedMeanwhile();
}

function findRuntime({ runtimes }: StartParts, name: string): PodRuntime {
  const found = runtimes.find((runtime) => runtime.name === name);
  if (found) return found;
  throw new StartFailedError('start_failed', `there is no runtime ${name}`, { retryable: false });
}

/** The address of the pod's service; undefined if routes lead to pods. */
async function createService(
  { api, routeAddress }: StartParts,
  instanceId: InstanceId,
  pod: Pod,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (routeAddress === 'pod') return undefined;
  const { spec } = await api.services.create(serviceManifest(instanceId, pod), { signal });
  if (!spec.clusterIP) throw new Error('the service has no cluster address');
  return httpAddress(spec.clusterIP);
}

function podAddress({ status }: Pod): string {
  if (!status.podIP) throw new Error('the pod is ready and has no address');
  return httpAddress(status.podIP);
}

const httpAddress = (ip: string): string =>
  `http://${ip.includes(':') ? `[${ip}]` : ip}:${agentPort}`;

/** Follows the pod until it is ready. What only time can solve is waited for. */
async function awaitReady(
  { informer }: StartParts,
  created: Pod,
  signal: AbortSignal,
): Promise<Pod> {
  const { name } = created.metadata;
  let stop = () => {};
  const ready = new Promise<Pod>((resolve, reject) => {
    const look = (pod: Pod) => {
      const progress = readStart(pod);
      if (progress.state === 'ready') return resolve(pod);
      if (progress.state !== 'failed') return;
      const { reason, detail } = progress.problem;
      reject(new StartFailedError(reason, detail, { retryable: progress.retryable }));
    };
    stop = informer.subscribeTo(name, ({ type, pod }) => {
      if (type === 'deleted' && readStart(pod).state !== 'failed') reject(deletedMeanwhile());
      else look(pod);
    });
    look(informer.get(name) ?? created);
  });
  try {
    return await abortable(ready, signal);
  } finally {
    stop();
  }
}

/** What the pod waits for, as it is now: the watch may be behind. */
async function problemOf(
  { api, informer }: StartParts,
  { metadata: { name } }: Pod,
): Promise<StartProblem | undefined> {
  const pod = (await api.pods.get(name).catch(() => null)) ?? informer.get(name);
  const progress = pod && readStart(pod);
  return !progress || progress.state === 'ready' ? undefined : progress.problem;
}

const deletedMeanwhile = () =>
  new StartFailedError('start_failed', 'the pod was deleted while it started');

/**
 * What the caller of a start sees of its failure. What the pod waited for says more than an abort.
 */
function toFailure(error: unknown, signal: AbortSignal, waitedFor?: StartProblem): unknown {
  if (error instanceof StartFailedError) return error;
  if (signal.aborted && waitedFor)
    return new StartFailedError(waitedFor.reason, waitedFor.detail, { cause: signal.reason });
  if (signal.aborted) return signal.reason;
  if (isKubeApiError(error, 'quota_exceeded'))
    return new StartFailedError('quota', error.message, { cause: error });
  if (isKubeApiError(error, 'invalid', 'forbidden')) {
    // What is forbidden may be allowed soon: an API server that has just started refuses every call
    // until it has loaded its roles.
    const retryable = error.kind === 'forbidden';
    return new StartFailedError('start_failed', error.message, { cause: error, retryable });
  }
  if (isKubeApiError(error, 'not_found')) return deletedMeanwhile();
  return new StartFailedError('start_failed', 'the pod could not be created', { cause: error });
}
