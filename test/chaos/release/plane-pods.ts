import { setTimeout as delay } from 'node:timers/promises';
import type { CoreV1Api, V1Pod } from '@kubernetes/client-node';
import { podPid } from '../../cluster/support/container-processes.ts';
import { isUnexpected } from '../is-unexpected.ts';
import { pick } from '../pick.ts';

type Component = 'control-plane' | 'data-plane' | 'local-store';

/** The pods of the planes and of the store, which faults kill. */
export interface PlanePods {
  /** Deletes one without a grace period, so that its process gets SIGKILL. */
  deletePod(component: Component, random: () => number): Promise<boolean>;
  /** Kills the process of the only one; Kubernetes starts its container again. */
  killContainer(component: Component): Promise<boolean>;
  /** Resolves with true when all are ready, and with false after a time limit. */
  untilReady(): Promise<boolean>;
  /** Containers that exited by themselves, and unexpected errors in the logs. */
  failures(): Promise<string[]>;
}

const replicas: Record<Component, number> = {
  'control-plane': 2,
  'data-plane': 2,
  'local-store': 1,
};
const recoverMs = 90_000;
const pauseMs = 200;

const componentLabel = 'app.kubernetes.io/component';
const componentOf = ({ metadata }: V1Pod) => metadata?.labels?.[componentLabel];
const nameOf = ({ metadata }: V1Pod): string => metadata?.name ?? '';
const isReady = ({ metadata, status }: V1Pod): boolean =>
  !metadata?.deletionTimestamp &&
  (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false);

export function createPlanePods(core: CoreV1Api, namespace: string): PlanePods {
  const failures: string[] = [];
  let storeKills = 0;

  /** While the API server is being restarted, this waits for it. */
  async function list(component?: Component): Promise<V1Pod[]> {
    const labelSelector = component ? `${componentLabel}=${component}` : componentLabel;
    for (const until = Date.now() + recoverMs; ; await delay(pauseMs)) {
      try {
        return (await core.listNamespacedPod({ namespace, labelSelector })).items;
      } catch (error) {
        if (Date.now() > until) throw error;
      }
    }
  }

  async function untilReady(): Promise<boolean> {
    for (const until = Date.now() + recoverMs; Date.now() < until; await delay(pauseMs)) {
      const ready = (await list()).filter(isReady);
      const isWhole = Object.entries(replicas).every(
        ([component, count]) =>
          ready.filter((pod) => componentOf(pod) === component).length === count,
      );
      if (isWhole) return true;
    }
    return false;
  }

  async function readFailures(pod: V1Pod): Promise<string[]> {
    const name = nameOf(pod);
    const text = await core.readNamespacedPodLog({ name, namespace }).catch(() => '');
    const restarts = pod.status?.containerStatuses?.[0]?.restartCount ?? 0;
    const expected = componentOf(pod) === 'local-store' ? storeKills : 0;
    return [
      ...(restarts > expected ? [`${name} exited by itself: ${describeExit(pod)}`] : []),
      ...text
        .split('\n')
        .filter((line) => line.startsWith('{') && isUnexpected(JSON.parse(line)))
        .map((line) => `${name} failed: ${line}`),
    ];
  }

  return {
    async deletePod(component, random) {
      const pod = pick((await list(component)).filter(isReady), random);
      if (!pod) return false;
      failures.push(...(await readFailures(pod)));
      try {
        await core.deleteNamespacedPod({ name: nameOf(pod), namespace, gracePeriodSeconds: 0 });
      } catch {
        // The API server is being restarted.
        return false;
      }
      return untilReady();
    },
    async killContainer(component) {
      const [pod] = (await list(component)).filter(isReady);
      if (!pod) return false;
      storeKills += 1;
      process.kill(await podPid(nameOf(pod)), 'SIGKILL');
      // The status of the pod tells of the restart a moment later.
      for (const until = Date.now() + recoverMs; Date.now() < until; await delay(pauseMs)) {
        const [now] = await list(component);
        if (now && isReady(now) && restartsOf(now) > restartsOf(pod)) return true;
      }
      return false;
    },
    untilReady,
    async failures() {
      for (const pod of await list()) failures.push(...(await readFailures(pod)));
      return failures;
    },
  };
}

const restartsOf = ({ status }: V1Pod): number => status?.containerStatuses?.[0]?.restartCount ?? 0;

const describeExit = ({ status }: V1Pod): string =>
  JSON.stringify(status?.containerStatuses?.[0]?.lastState?.terminated ?? 'unknown');
