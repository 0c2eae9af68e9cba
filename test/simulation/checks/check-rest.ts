import { isTerminal } from '../../../control-plane/sessions/termination/cause.ts';
import type { Violation } from '../history/rules.ts';
import type { WorldView } from '../history/world-view.ts';

type Rested = Omit<WorldView, 'times'>;

/** What must hold when all clients have left and everything had its time: nothing is half done. */
export function checkRest({ table, pods, strayServices, poolSize }: Rested): Violation[] {
  const live = [...table.rows.values()].filter((row) => !isTerminal(row));
  const counted = new Set([...table.liveSets.values()].flat());
  const liveIds = new Set<string>(live.map(({ session_id }) => session_id));
  const owners = new Map(pods().map((pod) => [pod.instanceId, pod.sessionId]));
  const pooled = pods().filter(({ sessionId, isReady }) => isReady && sessionId === undefined);
  const left = [
    ...(pooled.length < poolSize ? [`the pool has ${pooled.length} of ${poolSize} instances`] : []),
    ...strayServices().map((name) => `the service ${name} has no pod`),
    ...live
      .filter(
        ({ state, session_id, instance_id }) =>
          state !== 'ready' || owners.get(instance_id ?? '') !== session_id,
      )
      .map(({ session_id, state }) => `${session_id} is ${state}, and no instance serves it`),
    ...[...liveIds].filter((id) => !counted.has(id)).map((id) => `${id} is live and not counted`),
    ...[...counted].filter((id) => !liveIds.has(id)).map((id) => `${id} is counted and not live`),
    ...[...owners]
      .filter(([instanceId, id]) => id && table.rows.get(id)?.instance_id !== instanceId)
      .map(([instanceId, id]) => `${instanceId} serves ${id}, whose row names another instance`),
    ...[...owners]
      .filter(([, id]) => id && !liveIds.has(id))
      .map(([instanceId, id]) => `${instanceId} serves ${id}, which is not live`),
  ];
  return left.map((what) => ({ rule: 'nothing-left', what }));
}
