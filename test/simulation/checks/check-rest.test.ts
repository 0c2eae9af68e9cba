import type { SessionRecord } from '@steppe/contracts/session-record';
import { expect, test } from 'vitest';
import type { PodView } from '../history/world-view.ts';
import { makeRow } from '../testing/make-row.ts';
import { checkRest } from './check-rest.ts';

const ready = makeRow(0, { state: 'ready' });
const { session_id: id } = ready;
const ended = makeRow(0, { ...ready, state: 'ended' });
const pod = (sessionId: string | undefined, instanceId = 'ins_1'): PodView => ({
  instanceId,
  sessionId,
  isStarting: false,
  isReady: true,
});
const rested = (row: SessionRecord, counted: string[], ...pods: PodView[]) => ({
  table: {
    rows: new Map([[row.session_id, row]]),
    liveSets: new Map([['acme', counted]]),
    keys: new Map(),
  },
  pods: () => pods,
  strayServices: (): string[] => [],
  poolSize: 0,
});
const found = (...given: Parameters<typeof rested>) => checkRest(rested(...given)).length;

test('finds nothing where row, quota and pod agree', () => {
  expect(found(ready, [id], pod(id), pod(undefined, 'ins_2'))).toBe(0);
  expect(found(ended, [], pod(undefined))).toBe(0);
});

test.each<[string, number]>([
  ['a live session without a pod', found(ready, [id])],
  ['a session that is half made', found(makeRow(0, { ...ready, state: 'provisioning' }), [id])],
  ['a live session that is not counted', found(ready, [], pod(id))],
  ['a counted session that ended', found(ended, [id])],
  ['a pod of a session that ended', found(ended, [], pod(id))],
  [
    'a service without a pod',
    checkRest({ ...rested(ended, []), strayServices: () => ['steppe-1'] }).length,
  ],
  ['a pool that is not full', checkRest({ ...rested(ended, []), poolSize: 1 }).length],
  ['a second pod of a session', found(ready, [id], pod(id), pod(id, 'ins_2'))],
])('finds %s', (_, count) => {
  expect(count).toBe(1);
});
