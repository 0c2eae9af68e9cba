import type { Pod } from '@steppe/control-plane/provisioner/kubernetes/api/kube-objects';
import {
  agentContainer,
  runtimeContainer,
} from '@steppe/control-plane/provisioner/kubernetes/pods/pod-containers';
import type { ContainerExit } from './container.ts';

export type PodStatus = Pod['status'];
type Condition = PodStatus['conditions'][number];
type State = PodStatus['containerStatuses'][number]['state'];

/** Kubernetes' own reason to end a pod. */
export interface Disruption {
  reason: string;
  message: string;
}

export const newStatus: PodStatus = {
  phase: 'Pending',
  conditions: [],
  initContainerStatuses: [],
  containerStatuses: [],
};

export const scheduled = (status: PodStatus): PodStatus =>
  withCondition(status, { type: 'PodScheduled', status: 'True' });

export const unschedulable = (status: PodStatus): PodStatus =>
  withCondition(status, {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: 'no node has room',
  });

export const waiting = (status: PodStatus, reason: string): PodStatus =>
  withAgent(status, { waiting: { reason, message: 'the registry does not respond' } });

export const running = (status: PodStatus, podIP: string): PodStatus => ({
  ...withAgent(status, { running: {} }),
  phase: 'Running',
  podIP,
  initContainerStatuses: [containerStatus(runtimeContainer, { running: {} }, true)],
});

export const ready = (status: PodStatus, isReady: boolean): PodStatus =>
  withCondition(withAgent(status, status.containerStatuses[0]?.state ?? {}, isReady), {
    type: 'Ready',
    status: isReady ? 'True' : 'False',
  });

export const terminated = (
  status: PodStatus,
  { exitCode, reason = exitCode === 0 ? 'Completed' : 'Error', message }: ContainerExit,
): PodStatus =>
  ready(
    withAgent(status, { terminated: { exitCode, reason, ...(message && { message }) } }),
    false,
  );

/** The last state, after all containers have stopped. */
export const finished = (status: PodStatus, failure: Disruption | undefined): PodStatus => {
  const exitCode = status.containerStatuses[0]?.state.terminated?.exitCode;
  return { ...status, phase: exitCode === 0 && !failure ? 'Succeeded' : 'Failed', ...failure };
};

export const disrupted = (status: PodStatus, disruption: Disruption): PodStatus =>
  withCondition(status, { type: 'DisruptionTarget', status: 'True', ...disruption });

const withCondition = (status: PodStatus, condition: Condition): PodStatus => ({
  ...status,
  conditions: [...status.conditions.filter(({ type }) => type !== condition.type), condition],
});

const withAgent = (status: PodStatus, state: State, isReady = false): PodStatus => ({
  ...status,
  containerStatuses: [containerStatus(agentContainer, state, isReady)],
});

const containerStatus = (name: string, state: State, isReady: boolean) => ({
  name,
  ready: isReady,
  restartCount: 0,
  state,
  lastState: {},
});
