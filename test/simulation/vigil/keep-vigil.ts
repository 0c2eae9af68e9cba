import { mintedAtMs } from '@steppe/contracts/ids';
import { longestBackOffMs, lookEveryMs } from '../../../control-plane/pool/keep-warm.ts';
import { forceAfterMs } from '../../../control-plane/provisioner/kubernetes/delete-pod.ts';
import { isTerminal } from '../../../control-plane/sessions/termination/cause.ts';
import type { FaultGroup, History } from '../history/history.ts';
import type { RuleName } from '../history/rules.ts';
import type { WorldView } from '../history/world-view.ts';
import type { Kernel } from '../kernel/kernel.ts';

const everyMs = 2_000;
/**
 * Where nothing hinders it, the process that knows of an end does all that follows from it at once.
 * Much shorter than a pass of the reconciler, which would hide that it did not.
 */
export const promptMs = 15_000;
/** A pod that is deleted has time to end by itself before force is used. */
export const podEndMs = forceAfterMs + promptMs;

/** Something that should have happened: since when it is due, and what may have hindered it. */
interface Due {
  rule: RuleName;
  what: string;
  sinceMs: number;
  withinMs: number;
  hinderedBy: readonly FaultGroup[];
  /** Set if a fault before `sinceMs` may have ended who should do it. */
  hinderedSinceMs?: number;
  /**
   * Set for what happens whatever hindered it before: once nothing has hindered it for this long.
   */
  afterCalmMs?: number;
}

const planes: readonly FaultGroup[] = ['table', 'process', 'network'];
const all: readonly FaultGroup[] = [...planes, 'cluster'];

/**
 * Looks every two seconds whether what heals by itself has healed in its time. A thing that a fault
 * may have hindered, from its beginning to the end of its time, is left out. What somebody heals
 * later, whatever hindered it before, is looked at once more when that is due.
 */
export function keepVigil(kernel: Kernel, history: History, view: WorldView): void {
  const settled = new Set<string>();
  const violated = new Set<string>();
  const findLowPool = createPoolWatch(kernel, view);
  const look = () => {
    kernel.schedule(everyMs, kernel.world, 'vigil', look);
    const due = [
      ...findRows(history, view),
      ...findPods(view),
      ...findKeys(view),
      ...findLowPool(),
    ];
    for (const one of due) {
      const { rule, what, sinceMs, withinMs, hinderedBy, afterCalmMs } = one;
      const key = `${what} ${afterCalmMs}`;
      if (kernel.nowMs - sinceMs <= withinMs || settled.has(key)) continue;
      // What began in a fault may go on after it, so a little time before counts too.
      const fromMs = afterCalmMs
        ? kernel.nowMs - afterCalmMs
        : (one.hinderedSinceMs ?? sinceMs) - promptMs;
      const wasCalm = history.wasCalm(fromMs, kernel.nowMs, hinderedBy);
      if (wasCalm || !afterCalmMs) settled.add(key);
      if (!wasCalm || violated.has(what)) continue;
      violated.add(what);
      history.violate(rule, what);
    }
  };
  look();
}

/** Also once nothing has hindered for so long whoever heals it at last. */
const orAfterCalm = (due: Due, afterCalmMs: number): Due[] => [
  due,
  { ...due, withinMs: afterCalmMs, afterCalmMs },
];

/** When a reconciler has done what it found to do, even if another one died with the lease. */
const passMs = ({ graceMs, intervalMs, leaseMs }: WorldView['times']): number =>
  graceMs + leaseMs + 2 * intervalMs;

function findRows({ instanceEnds }: History, { table, times }: WorldView): Due[] {
  return [...table.rows.values()].flatMap((row): Due[] => {
    const { session_id: id } = row;
    if (isTerminal(row)) {
      if (!table.liveSets.get(row.tenant_id)?.includes(id)) return [];
      const what = `${id} has ended and still counts against the quota`;
      const sinceMs = Date.parse(row.ended_at);
      return [
        { rule: 'late-quota-release', what, sinceMs, withinMs: promptMs, hinderedBy: planes },
      ];
    }
    if (row.state === 'provisioning') {
      return [
        {
          rule: 'late-provisioning',
          what: `${id} is still provisioning`,
          sinceMs: Date.parse(row.created_at),
          withinMs: times.provisioningMs + passMs(times),
          hinderedBy: all,
          // Its create died in a fault.
          afterCalmMs: passMs(times),
        },
      ];
    }
    const end = instanceEnds.get(row.instance_id);
    const what = `${id} is ready, and its instance ended as ${end?.reason}`;
    return end
      ? [{ rule: 'late-row-end', what, sinceMs: end.atMs, withinMs: promptMs, hinderedBy: all }]
      : [];
  });
}

const findPods = ({ table, pods, times }: WorldView): Due[] =>
  pods().flatMap(({ instanceId, sessionId, isStarting }): Due[] => {
    const row = sessionId && table.rows.get(sessionId);
    if (!row || !isTerminal(row)) return [];
    const due: Due = {
      rule: 'late-pod-end',
      what: `${sessionId} has ended, and ${instanceId} still exists`,
      sinceMs: Date.parse(row.ended_at),
      // What never ran is deleted without a grace period.
      withinMs: isStarting ? promptMs : podEndMs,
      hinderedBy: all,
    };
    return orAfterCalm(due, passMs(times) + podEndMs);
  });

const findKeys = ({ table }: WorldView): Due[] =>
  [...table.keys].flatMap(([key, id]): Due[] => {
    const row = table.rows.get(id);
    if (row && row.state !== 'failed') return [];
    return [
      {
        rule: 'late-key-release',
        what: `the key ${key} stands for ${id}, which ${row ? 'failed' : 'has no row'}`,
        // A key is claimed when its session's id is created, just before the row.
        sinceMs: row ? Date.parse(row.ended_at) : mintedAtMs(id),
        withinMs: promptMs,
        hinderedBy: planes,
        // Only its create knows the key. If that died, the next request with the key releases it.
        hinderedSinceMs: mintedAtMs(id),
      },
    ];
  });

/** A pool may wait between failed starts, and counts its instances from time to time. */
function createPoolWatch(kernel: Kernel, { pods, poolSize }: WorldView): () => Due[] {
  let sinceMs: number | undefined;
  return () => {
    const count = pods().filter(({ sessionId }) => sessionId === undefined).length;
    sinceMs = count >= poolSize ? undefined : (sinceMs ?? kernel.nowMs);
    if (sinceMs === undefined) return [];
    const due: Due = {
      rule: 'late-pool-refill',
      what: `the pool has ${count} of ${poolSize} instances since ${sinceMs}`,
      sinceMs,
      withinMs: lookEveryMs + longestBackOffMs,
      hinderedBy: all,
    };
    return orAfterCalm(due, due.withinMs + promptMs);
  };
}
