import { expect, test } from 'vitest';
import { createHistory, type FaultGroup, type TerminalRow } from '../history/history.ts';
import { Kernel } from '../kernel/kernel.ts';
import { makeRow } from '../testing/make-row.ts';
import { checkSessions } from './check-sessions.ts';

const kernel = new Kernel({ seed: 1 });
const instance = 'ins_1';
const rolledBack = 'the session could not be created; see the log of the control-plane';
const unknown = 'its instance is gone; how it exited is unknown';

function terminalRow(changed: Partial<Record<keyof TerminalRow, unknown>>): TerminalRow {
  const ended_at = new Date(kernel.nowMs + 10_000).toISOString();
  const row = makeRow(kernel.nowMs, { state: 'ended', ended_at, ...changed });
  if (row.state !== 'ended' && row.state !== 'failed') throw new TypeError('not terminal');
  return row;
}

interface Recorded {
  row?: Partial<Record<keyof TerminalRow, unknown>>;
  end?: string;
  endedAtMs?: number;
  isUnwanted?: boolean;
  hinderedBy?: FaultGroup;
}
function found({ row = {}, end, endedAtMs = 0, isUnwanted, hinderedBy }: Recorded) {
  const history = createHistory(kernel);
  if (hinderedBy) history.fault(hinderedBy, 'late', 10_000);
  const terminal = terminalRow(row);
  history.terminalRows.push(terminal);
  if (isUnwanted) history.unwanted.add(terminal.session_id);
  if (end) history.instanceEnds.set(instance, { reason: end, atMs: kernel.nowMs + endedAtMs });
  return checkSessions(history).map(({ rule }) => rule);
}

test.each<[string, Recorded]>([
  ['has the reason of its instance', { row: { end_reason: 'evicted' }, end: 'evicted' }],
  ['was deleted by its client', { row: { end_reason: 'deleted' }, isUnwanted: true }],
  [
    'was given up with its client',
    { row: { end_reason: 'deleted', end_detail: 'its client left before it was ready' } },
  ],
  [
    'failed with the reason in its detail',
    { row: { state: 'failed', end_detail: 'node_lost: gone' }, end: 'node_lost' },
  ],
  [
    'failed before the reason was known',
    { row: { state: 'failed', end_detail: 'no' }, end: 'node_lost', endedAtMs: 9_500 },
  ],
  [
    'is the rollback of a create, after which its instance lived on',
    { row: { end_detail: rolledBack }, end: 'idle', endedAtMs: 70_000 },
  ],
  [
    'is the rollback of a create that did not learn from the table whether it was ready',
    { row: { end_detail: rolledBack }, end: 'idle', endedAtMs: 5_000, hinderedBy: 'table' },
  ],
  [
    'nobody saw because the cluster hindered it',
    { row: { end_detail: unknown }, end: 'evicted', hinderedBy: 'cluster' },
  ],
])('finds nothing in an end that %s', (_, recorded) => {
  expect(found(recorded)).toEqual([]);
});

test.each<[string, Recorded]>([
  ['is another than that of its instance', { end: 'oom_killed' }],
  ['nobody requested', { row: { end_reason: 'deleted' }, end: 'deleted' }],
  ['comes before that of its instance', { end: 'idle', endedAtMs: 70_000 }],
  ['is a rollback after the end of its instance', { row: { end_detail: rolledBack }, end: 'idle' }],
  [
    'is a rollback of a create whose instance ended before it was ready',
    { row: { end_detail: rolledBack }, end: 'idle', endedAtMs: -1, hinderedBy: 'table' },
  ],
  ['is unknown although its instance was ended', { row: { end_detail: unknown }, end: 'deleted' }],
  ['is unknown although nothing hindered it', { row: { end_detail: unknown }, end: 'evicted' }],
  [
    'hides what befell its instance long before',
    { row: { state: 'failed', end_detail: 'no' }, end: 'node_lost' },
  ],
])('finds a reason that %s', (_, recorded) => {
  expect(found(recorded)).toEqual(['end-reason-true']);
});

test('allows a key a second session only after a failed one', () => {
  const history = createHistory(kernel);
  const failed = terminalRow({ state: 'failed', instance_id: undefined });
  history.terminalRows.push(failed);
  const use = (sessionId: string) => history.keyUses.push({ tenant: 'acme', key: 'k', sessionId });
  use(failed.session_id);
  use('ses_1');
  use('ses_1');
  expect(checkSessions(history)).toEqual([]);
  use('ses_2');
  expect(checkSessions(history)).toMatchObject([{ rule: 'key-one-session' }]);
});
