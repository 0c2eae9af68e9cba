import type { ErrorCode } from '@steppe/contracts/errors';
import { expect, test } from 'vitest';
import type { Reply } from '../../chaos/drive/api-caller.ts';
import { createHistory, type FaultGroup } from '../history/history.ts';
import { Kernel } from '../kernel/kernel.ts';
import { createSimulatedClock } from '../kernel/simulated-clock.ts';
import { watchRoutes } from './watch-routes.ts';

const refusal = (code: ErrorCode): Reply => ({
  kind: 'refusal',
  status: 503,
  error: { code, message: 'no', retryable: true, details: {}, request_id: 'req_1' },
});
const served: Reply = { kind: 'response', response: new Response('{}') };
const noRoute = refusal('route_store_unavailable');
const path = '/v1/sessions/ses_1/steps';

interface Scene {
  fault?: FaultGroup;
  end?: string;
  /** How long before the replies the calls were sent. */
  beforeMs?: number;
}

function found(replies: Reply[], { fault, end, beforeMs = 0 }: Scene = {}) {
  const kernel = new Kernel({ seed: 1 });
  const history = createHistory(kernel);
  history.instances.set('ses_1', 'ins_1');
  if (end) history.instanceEnds.set(end, { reason: 'crashed', atMs: kernel.nowMs });
  if (fault) history.fault(fault, 'test');
  const routes = watchRoutes({ clock: createSimulatedClock(kernel), history });
  const sentMs = kernel.nowMs - beforeMs;
  const call = { origin: 'http://10.0.0.1', path, sentMs };
  for (const reply of replies) routes.note(call, reply);
  routes.note({ ...call, origin: 'http://10.0.0.2' }, noRoute);
  routes.note({ ...call, path: '/v1/sessions/ses_1' }, noRoute);
  return history.violations.map(({ rule }) => rule);
}

test('finds a call that needs the table on a route that has just served one', () => {
  expect(found([served, noRoute])).toEqual(['warm-route']);
  expect(found([served, noRoute], { fault: 'table' })).toEqual(['warm-route']);
  expect(found([served, noRoute], { fault: 'runtime', end: 'ins_2' })).toEqual(['warm-route']);
});

test.each<[string, string[]]>([
  ['the first call', found([noRoute])],
  ['a call after one that broke', found([served, { kind: 'broken' }, noRoute])],
  ['a call after one that was refused', found([served, refusal('step_not_found'), noRoute])],
  ['a call to an instance that ended', found([served, noRoute], { end: 'ins_1' })],
  ['a call that a fault hinders', found([served, noRoute], { fault: 'network' })],
  ['a call at the same time', found([served, noRoute], { beforeMs: 1 })],
  ['another refusal', found([served, refusal('runtime_unreachable')])],
])('finds nothing in %s', (_, violations) => {
  expect(violations).toEqual([]);
});
