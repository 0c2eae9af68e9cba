import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkHistory } from '../../chaos/check-history.ts';
import { readRuns } from '../../chaos/read-runs.ts';
import { sessionEnv } from '../../chaos/step-programs.ts';
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
  // The time limit interrupts the wait for a run, and not the run.
  await Promise.allSettled(running);
  rmSync(scratch, { recursive: true });
}, 120_000);

let sessions = 0;

/**
 * A session of its own, the acts one after the other, and in the end all that ran and all that was
 * reported side by side.
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
  expect(violations).toEqual({ runTwice: [], lost: [], misrouted: [], gaps: [], other: [] });
}

describe.each(['python', 'node'] as const)('a session of %s keeps the contract', (language) => {
  test.each(keptCases)('where $what', { timeout: 120_000 }, ({ actions: list }) =>
    hold(language, list),
  );

  test(`whatever is done to it, in whatever order (seed ${seed})`, {
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
    // In the form of a kept case.
    expect(
      failed && { actions: JSON.stringify(counterexample?.[0]), error: String(errorInstance) },
    ).toBe(false);
  });
});
