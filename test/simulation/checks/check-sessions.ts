import { lateEndMs } from '../../../control-plane/sessions/create/find-cause.ts';
import { groupBy } from '../../support/group-by.ts';
import type { History, InstanceEnd, TerminalRow } from '../history/history.ts';
import type { Violation } from '../history/rules.ts';

type Recorded = Pick<History, 'keyUses' | 'terminalRows' | 'instanceEnds' | 'unwanted' | 'wasCalm'>;

/** What clients learnt of sessions, and what the table has of their ends. */
export const checkSessions = (history: Recorded): Violation[] => [
  ...checkKeys(history),
  ...history.terminalRows.flatMap((row) => checkReason(row, history)),
];

/** A key stands for a second session only if the first one failed. */
function checkKeys({ keyUses, terminalRows }: Recorded): Violation[] {
  const failures = terminalRows.filter(({ state }) => state === 'failed');
  const failed = new Set<string>(failures.map(({ session_id }) => session_id));
  return [...groupBy(keyUses, ({ tenant, key }) => `${key} of ${tenant}`)].flatMap(
    ([name, uses]): Violation[] => {
      const ids = [...new Set(uses.map(({ sessionId }) => sessionId))];
      const lasting = ids.filter((id) => !failed.has(id));
      return lasting.length <= 1
        ? []
        : [
            {
              rule: 'key-one-session',
              what: `the key ${name} stands for ${lasting.join(' and ')}`,
            },
          ];
    },
  );
}

/** A client that closes its connection does not tell the simulation so. */
const clientLeft = /its client left/;
const unknownExit = /how it exited is unknown/;
/** Ends of which the row says that nobody knows more. */
const unwatchedEnd = /how it exited is unknown|while no control-plane watched/;
/** Of a create whose last write has an unknown outcome: the row may be ready already. */
const rolledBack = /^the session could not be created/;

function checkReason(row: TerminalRow, history: Recorded): Violation[] {
  const { session_id: id, end_reason: reason, end_detail: detail = '', instance_id } = row;
  const end = instance_id && history.instanceEnds.get(instance_id);
  const isUnwanted = [id, row.metadata.label ?? ''].some((name) => history.unwanted.has(name));
  const isTrue =
    reason === 'deleted'
      ? isUnwanted || clientLeft.test(detail)
      : !end || end.reason === reason || isKnownTooLate(row, end, history);
  return isTrue
    ? []
    : [
        {
          rule: 'end-reason-true',
          what: `${id} ended as ${reason} (${detail}), and its instance as ${end?.reason ?? 'nothing'}`,
        },
      ];
}

/** Whether the row had to be written without the reason of the instance, or in other words. */
function isKnownTooLate(row: TerminalRow, end: InstanceEnd, { wasCalm }: Recorded): boolean {
  const { end_detail: detail = '' } = row;
  // It ended because its session had.
  if (end.reason === 'deleted') return !unknownExit.test(detail);
  const endedMs = Date.parse(row.ended_at);
  if (rolledBack.test(detail) && isApartFromRollback(row, end, wasCalm)) return true;
  const wasHindered = !wasCalm(end.atMs - lateEndMs, endedMs, ['cluster', 'process']);
  if (row.state === 'ended') return wasHindered && unwatchedEnd.test(detail);
  return (
    // Only a ready session ends for such a reason: the detail of a failed create begins with it.
    detail.startsWith(end.reason) || end.atMs > endedMs - lateEndMs || wasHindered
  );
}

/** Whether a create failed for a reason of its own, so that the end of its instance is no cause. */
function isApartFromRollback(
  { ready_at, ended_at }: TerminalRow,
  end: InstanceEnd,
  wasCalm: Recorded['wasCalm'],
): boolean {
  const endedMs = Date.parse(ended_at);
  // Its control-plane may die between the rollback of the row and the end of the instance.
  if (end.atMs > endedMs) return true;
  // The create waited for the table to tell whether the row was ready, and the instance was bound.
  const readyMs = ready_at ? Date.parse(ready_at) : Number.POSITIVE_INFINITY;
  return end.atMs >= readyMs && !wasCalm(readyMs, endedMs, ['table']);
}
