import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { testEnvironment } from '../config.ts';

/**
 * Runs a program around `start`, the source of a function of `{ stop, say }` that returns the
 * failures that it found.
 */
function outcomeOf(start: string) {
  const program = `
    import { runUntilStopped } from './test/support/programs/run-until-stopped.ts';
    const interrupt = (stop) =>
      new Promise((resolve) => {
        // Waiting for a signal keeps no process.
        const keptUp = setInterval(() => {}, 1_000);
        stop.addEventListener('abort', () => resolve(clearInterval(keptUp)));
        process.kill(process.pid, 'SIGINT');
      });
    await runUntilStopped({
      start: ${start},
      failuresOf: (failures) => failures,
      describeRun: (failures) => failures.length + ' failures',
    });`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    env: testEnvironment({ TSX_DISABLE_CACHE: '1' }),
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('exits 0 with its report if nothing failed', () => {
  const start = `async ({ say }) => { say('begun'); return []; }`;
  expect(outcomeOf(start)).toEqual({
    status: 0,
    stdout: '0 failures\n1 passed, 0 failed\n',
    stderr: 'begun\n',
  });
});

test('exits 1 with its report and the failures', () => {
  expect(outcomeOf(`async () => ['a step is lost']`)).toEqual({
    status: 1,
    stdout: '1 failures\nfailed: a step is lost\n0 passed, 1 failed\n',
    stderr: '',
  });
});

test('exits 130 without a report if it was stopped, whether the run rejects or resolves', () => {
  const stopped = { status: 130, stdout: '', stderr: 'stopped before its time\n' };
  expect(
    outcomeOf(`async ({ stop }) => { await interrupt(stop); stop.throwIfAborted(); }`),
  ).toEqual(stopped);
  expect(
    outcomeOf(`async ({ stop }) => { await interrupt(stop); return ['half of it']; }`),
  ).toEqual(stopped);
});

test('throws the error of a run that was not stopped', () => {
  expect(outcomeOf(`async () => { throw new Error('no cluster'); }`)).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining('no cluster'),
  });
});
