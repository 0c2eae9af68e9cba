import type { EndedReason } from '@steppe/contracts/end-reason';
import { withoutInternals } from '../../../without-internals.ts';
import { type ExitCause, parseTerminationMessage } from '../../termination-message.ts';
import type { ContainerTermination, Pod } from '../api/kube-objects.ts';
import { agentContainer } from './pod-containers.ts';

/** The node controller or the garbage collector of pods gave up the pod's node. */
const lostNode: ReadonlySet<string> = new Set(['DeletionByTaintManager', 'DeletionByPodGC']);

/** Reasons of a pod's status. Others are Kubernetes' own failures, which read `crashed`. */
const reasonsOfStatus: Readonly<Record<string, EndedReason>> = {
  Evicted: 'evicted',
  Preempting: 'evicted',
  NodeShutdown: 'evicted',
  Terminated: 'evicted',
  NodeLost: 'node_lost',
  DeadlineExceeded: 'expired',
};

/**
 * Why the instance ended, by the status of its pod; null while it may still run. The agent is never
 * started again, so what it left as its termination message is final. An exit without one waits for
 * the pod's last phase, in which Kubernetes tells of an eviction.
 */
export function readEnd(pod: Pod): ExitCause | null {
  const disruption = readDisruption(pod);
  if (disruption?.reason === 'node_lost') return disruption;
  const agent = agentTermination(pod);
  const message = agent?.message && parseTerminationMessage(agent.message);
  if (message) return message;
  if (agent?.reason === 'OOMKilled') return { reason: 'oom_killed', detail: words(pod) };
  const { phase } = pod.status;
  if (phase !== 'Failed' && phase !== 'Succeeded') return null;
  if (disruption) return { ...disruption, detail: `${disruption.detail}; ${words(pod)}` };
  const reason = reasonsOfStatus[pod.status.reason ?? ''];
  if (reason) return { reason, detail: words(pod) };
  return isDeleted(pod) ? { reason: 'deleted' } : { reason: 'crashed', detail: words(pod) };
}

/**
 * Why the instance of a pod ended that does not exist any more.
 * @param vanished whether it was deleted while nobody watched, after this last known state.
 */
export function readEndOfDeleted(pod: Pod, vanished: boolean): ExitCause {
  const cause = readEnd(pod) ?? readDisruption(pod);
  if (cause) return cause;
  if (!vanished || isDeleted(pod)) return { reason: 'deleted' };
  return {
    reason: 'crashed',
    detail: 'its pod vanished: it was deleted while no control-plane watched',
  };
}

/** The pod's node does not respond, so only force deletes the pod. */
export const isNodeLost = (pod: Pod): boolean => readDisruption(pod)?.reason === 'node_lost';

const isDeleted = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

/** Kubernetes' own reason to end the pod; undefined if it has none. */
function readDisruption({ status }: Pod): ExitCause | undefined {
  const found = status.conditions.find(
    ({ type, status: is }) => type === 'DisruptionTarget' && is === 'True',
  );
  if (!found) return undefined;
  const { reason = '', message } = found;
  return {
    reason: lostNode.has(reason) ? 'node_lost' : 'evicted',
    detail: [reason, message].filter(Boolean).join(': '),
  };
}

const agentTermination = ({ status }: Pod): ContainerTermination | undefined =>
  status.containerStatuses.find(({ name }) => name === agentContainer)?.state.terminated;

/** What the pod's status says, for people. */
function words(pod: Pod): string {
  const { reason, message, containerStatuses } = pod.status;
  const exits = containerStatuses.flatMap(({ name, state: { terminated } }) =>
    terminated ? [`${name}: ${describeExit(terminated)}`] : [],
  );
  const status = [reason, message].filter(Boolean).join(': ');
  return [status, ...exits].filter(Boolean).join('; ');
}

/** `exit code 137 (OOMKilled)`, and what the container wrote last. */
export function describeExit({ exitCode, signal, reason, message }: ContainerTermination): string {
  const named = reason && reason !== 'Error' && reason !== 'Completed' ? ` (${reason})` : '';
  const how = signal ? `signal ${signal}` : `exit code ${exitCode}`;
  const output = withoutInternals(withoutLog(message ?? ''));
  return output === '' ? `${how}${named}` : `${how}${named}: ${output}`;
}

/** Without the lines of a structured log, which say more than a session's owner should know. */
const withoutLog = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n');
