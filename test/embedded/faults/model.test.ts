import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sessionEnv } from '../../chaos/drive/step-programs.ts';
import { checkHistory } from '../../chaos/history/check-history.ts';
import { readRuns } from '../../chaos/history/read-runs.ts';
import { useLocal } from '../../support/processes/use-local.ts';
import { type Action, actions } from './model/actions.ts';
import { keptCases } from './model/kept-cases.ts';
import { ModelRun } from './model/model-run.ts';

const local = useLocal();
const timeLimitMs = 15_000;
const seed = Date.now() % 1_000_000;

let scratch: string;
const running = new Set<Promise<void>>();
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'steppe-model-'));
});
afterAll(async () => {
  // The time limit ends only the wait for a run, not the run itself.
  await Promise.allSettled(running);
  rmSync(scratch, { recursive: true });
}, 120_000);

let sessions = 0;

/**
 * Creates a session, performs the actions one after the other, and then compares everything that
 * ran with everything that was reported.
 */
async function hold(language: 'python' | 'node', list: readonly Action[]): Promise<void> {
  const name = `model-${sessions++}`;
  const runs = mkdtempSync(join(scratch, `${name}-`));
  const client = await local().newClient();
  const session = await client.createSession({
    runtime: language,
    env: sessionEnv(name, join(runs, 'runs')),
  });
  const run = new ModelRun({ client, session, name, language });
  for (const action of list) await run.action(action);
  const violations = checkHistory(await run.history(), readRuns(runs));
  await client.call('DELETE', `/v1/sessions/${session.session_id}`);
  expect(Object.values(violations).flat()).toEqual([]);
}

describe.each(['python', 'node'] as const)('a session of %s keeps the contract', (language) => {
  test.each(keptCases)('when $what', { timeout: 120_000 }, ({ actions: list }) =>
    hold(language, list),
  );

  test(`under random actions in random order (seed ${seed})`, {
    timeout: 180_000,
  }, async () => {
    const property = fc.asyncProperty(actions, (list) => {
      const held = hold(language, list);
      running.add(held);
      return held;
    });
    const limits = { interruptAfterTimeLimit: timeLimitMs, markInterruptAsFailure: false };
    const { failed, counterexample, errorInstance } = await fc.check(property, {
      seed,
      numRuns: 200,
      ...limits,
    });
    // Print it in the form of a kept case.
    expect(
      failed && { actions: JSON.stringify(counterexample?.[0]), error: String(errorInstance) },
    ).toBe(false);
  });
});
