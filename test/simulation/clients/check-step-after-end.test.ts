import type { ErrorCode } from '@steppe/contracts/errors';
import { expect, test } from 'vitest';
import type { Reply } from '../../chaos/drive/api-caller.ts';
import { createHistory, type FaultGroup } from '../history/history.ts';
import { Kernel } from '../kernel/kernel.ts';
import { makeRow } from '../testing/make-row.ts';
import { checkRefusalAfterEnd, checkStepAfterEnd } from './check-step-after-end.ts';

const sessionId = 'ses_1';
const refusal = (code: ErrorCode): Reply => ({
  kind: 'refusal',
  status: 503,
  error: { code, message: 'no', retryable: true, details: {}, request_id: 'req_1' },
});
const runs: Reply = {
  kind: 'response',
  response: new Response('{}'),
};

function found(reply: Reply, fault?: FaultGroup): string[] {
  const kernel = new Kernel({ seed: 1 });
  const history = createHistory(kernel);
  if (fault) history.fault(fault, 'test');
  checkStepAfterEnd(history, { sessionId, endedMs: kernel.nowMs, nowMs: kernel.nowMs }, reply);
  return history.violations.map(({ rule }) => rule);
}

test.each<[string, Reply, FaultGroup?]>([
  ['says so', refusal('session_ended')],
  ['breaks', { kind: 'broken' }],
  ['cannot be routed without the table', refusal('route_store_unavailable'), 'table'],
  ['is routed by a paused process', refusal('route_store_unavailable'), 'process'],
  ['arrives too slowly', refusal('invalid_request'), 'network'],
])('finds nothing in a step after the end that %s', (_, reply, fault) => {
  expect(found(reply, fault)).toEqual([]);
});

test.each<[string, Reply, FaultGroup?]>([
  ['runs, whatever the table did', runs, 'table'],
  ['cannot be routed although nothing hinders it', refusal('route_store_unavailable')],
  [
    'cannot be routed, which a cluster does not hinder',
    refusal('route_store_unavailable'),
    'cluster',
  ],
  ['seeks its instance', refusal('runtime_unreachable'), 'process'],
  ['arrives too slowly although the network is fast', refusal('invalid_request')],
])('finds a step after the end that %s', (_, reply, fault) => {
  expect(found(reply, fault)).toEqual(['end-known']);
});

/** What a reply means some time after the end of its session. */
function foundAfter(ms: number, reply: Reply, fault?: FaultGroup): string[] {
  const kernel = new Kernel({ seed: 1 });
  const history = createHistory(kernel);
  const row = makeRow(kernel.nowMs, { state: 'ended' });
  if (row.state !== 'ended') throw new Error('the row has not ended');
  history.terminalRows.push(row);
  if (fault) history.fault(fault, 'test');
  const path = `/v1/sessions/${row.session_id}/steps`;
  checkRefusalAfterEnd(history, { path, nowMs: kernel.nowMs + ms }, reply);
  return history.violations.map(({ rule }) => rule);
}

test('finds an agent that is reported as silent after the end of its session', () => {
  expect(foundAfter(10_000, refusal('step_deadline_exceeded'))).toEqual(['end-known']);
  expect(foundAfter(10_000, refusal('runtime_unreachable'), 'cluster')).toEqual(['end-known']);
});

test.each<[string, string[]]>([
  ['a response from before the end', foundAfter(2_000, refusal('step_deadline_exceeded'))],
  ['another refusal', foundAfter(10_000, refusal('session_ended'))],
  ['what could not be looked up', foundAfter(10_000, refusal('step_deadline_exceeded'), 'table')],
])('finds nothing in %s', (_, violations) => {
  expect(violations).toEqual([]);
});
