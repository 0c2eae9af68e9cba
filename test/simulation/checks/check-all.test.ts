import { expect, test } from 'vitest';
import { createHistory } from '../history/history.ts';
import { Kernel } from '../kernel/kernel.ts';
import { checkAll } from './check-all.ts';

const times = { provisioningMs: 1, graceMs: 1, intervalMs: 1, leaseMs: 1 };
const table = { rows: new Map(), liveSets: new Map(), keys: new Map() };
const view = { table, pods: () => [], strayServices: () => [], poolSize: 0, times };

test('finds nothing in an empty history, and everything that each check finds', () => {
  const history = createHistory(new Kernel({ seed: 1 }));
  expect(checkAll(history, view)).toEqual([]);
  history.violate('process-sound', 'an uncaught exception');
  const run = { stepId: 'a', wanted: 'one', actual: 'one', mark: 'm' };
  history.runs.push({ ...run, instanceId: 'ins_1', epoch: 1 });
  for (let times = 0; times < 2; times += 1) {
    history.uploads.push({ instanceId: 'ins_1', path: 'f', content: 'a' });
    history.keyUses.push({ tenant: 'acme', key: 'k', sessionId: `ses_${times}` });
  }
  const pods = () => [
    { instanceId: 'ins_1', sessionId: 'ses_1', isStarting: false, isReady: true },
  ];
  const rules = checkAll(history, { ...view, pods }).map(({ rule }) => rule);
  expect(new Set(rules)).toEqual(
    new Set([
      'process-sound',
      'response-explained',
      'file-register',
      'key-one-session',
      'nothing-left',
    ]),
  );
});
