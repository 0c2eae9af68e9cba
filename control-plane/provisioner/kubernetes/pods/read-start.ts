import type { StartFailure } from '../../start-failed-error.ts';
import type { ContainerStatus, Pod } from '../api/kube-objects.ts';
import { runtimeContainer } from './pod-containers.ts';
import { describeExit, readEnd } from './read-end.ts';
import { isDeleting, isReady } from './session-pod.ts';

export interface StartProblem {
  reason: StartFailure;
  /** Kubernetes' own words. */
  detail: string;
}

export type StartProgress =
  | { state: 'ready' }
  /** `problem` may go away: an autoscaler adds a node, a registry responds again. */
  | { state: 'waiting'; problem?: StartProblem }
  | { state: 'failed'; problem: StartProblem; retryable: boolean };

/** How far the start of a pod is. */
export function readStart(pod: Pod): StartProgress {
  const end = readEnd(pod);
  if (end) {
    const isCrash = end.reason === 'crashed' || end.reason === 'oom_killed';
    const detail = end.detail ?? `the pod ended: ${end.reason}`;
    return failed(isCrash ? 'crashed' : 'start_failed', detail, true);
  }
  if (isDeleting(pod)) return failed('start_failed', 'the pod was deleted while it started', true);
  for (const container of containersOf(pod)) {
    const fatal = readFatal(container);
    if (fatal) return fatal;
  }
  if (isReady(pod)) return { state: 'ready' };
  const problem = readUnschedulable(pod) ?? containersOf(pod).map(readProblem).find(Boolean);
  return { state: 'waiting', ...(problem && { problem }) };
}

const failed = (reason: StartFailure, detail: string, retryable: boolean): StartProgress => ({
  state: 'failed',
  problem: { reason, detail },
  retryable,
});

const containersOf = ({ status }: Pod): ContainerStatus[] => [
  ...status.initContainerStatuses,
  ...status.containerStatuses,
];

/** What no waiting helps against. */
function readFatal({ name, state, restartCount }: ContainerStatus): StartProgress | undefined {
  const { reason = '', message } = state.waiting ?? {};
  if (reason === 'InvalidImageName' || reason === 'ErrImageNeverPull')
    return failed('image_unavailable', describe(reason, message), false);
  // Kubernetes starts it again at once after its first exit, and then later and later.
  const exit = name === runtimeContainer && restartCount > 0 ? state.terminated : undefined;
  return exit && failed('crashed', `${name}: ${describeExit(exit)}`, true);
}

const imageReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
const containerReasons: ReadonlySet<string> = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

function readProblem({ state }: ContainerStatus): StartProblem | undefined {
  const { reason = '', message } = state.waiting ?? {};
  const detail = describe(reason, message);
  if (imageReasons.has(reason)) return { reason: 'image_unavailable', detail };
  return containerReasons.has(reason) ? { reason: 'start_failed', detail } : undefined;
}

function readUnschedulable({ status }: Pod): StartProblem | undefined {
  const found = status.conditions.find(
    ({ type, status: is, reason }) =>
      type === 'PodScheduled' && is === 'False' && reason === 'Unschedulable',
  );
  return found && { reason: 'unschedulable', detail: found.message ?? 'no node has room' };
}

const describe = (reason: string, message: string | undefined): string =>
  [reason, message].filter(Boolean).join(': ');
