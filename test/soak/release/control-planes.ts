import type { CoreV1Api, V1Pod } from '@kubernetes/client-node';
import { kubectlOrThrow } from '../../cluster/harness/commands.ts';
import { addStarts, countStarts, type StartCounts } from '../count-starts.ts';

const labelSelector = 'app.kubernetes.io/component=control-plane';

/** The starts that the running control-planes have counted. */
export async function startsOf(core: CoreV1Api, namespace: string): Promise<StartCounts[]> {
  const { items } = await core.listNamespacedPod({ namespace, labelSelector });
  return Promise.all(items.filter(isRunning).map(countsOf));
}

/**
 * Deletes the oldest control-plane without a grace period, so that it gets SIGKILL. Resolves when
 * another one runs in its place.
 * @returns what it had counted.
 */
export async function killOldest(
  core: CoreV1Api,
  namespace: string,
  release: string,
): Promise<StartCounts> {
  const { items } = await core.listNamespacedPod({ namespace, labelSelector });
  const [oldest] = items.filter(isRunning).toSorted((a, b) => startedMs(a) - startedMs(b));
  if (!oldest?.metadata?.name) throw new Error('no control-plane runs');
  const counts = await countsOf(oldest);
  await core.deleteNamespacedPod({ name: oldest.metadata.name, namespace, gracePeriodSeconds: 0 });
  const deployment = `deployment/${release}-control-plane`;
  await kubectlOrThrow([
    ...['--namespace', namespace, 'rollout', 'status', deployment, '--timeout=120s'],
  ]);
  return counts;
}

/** Zero if it does not respond. */
const countsOf = ({ status }: V1Pod): Promise<StartCounts> =>
  countStarts(`http://${status?.podIP}:9091`).catch(() => addStarts([]));

const isRunning = ({ metadata, status }: V1Pod): boolean =>
  !metadata?.deletionTimestamp && status?.phase === 'Running';

const startedMs = ({ status }: V1Pod): number => status?.startTime?.getTime() ?? 0;
