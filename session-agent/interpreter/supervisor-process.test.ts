import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deferred } from '../deferred.ts';
import { type SupervisorProcess, superviseLocally } from './supervisor-process.ts';

const supervisors: SupervisorProcess[] = [];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'steppe-supervisor-'));
});
afterEach(async () => {
  await Promise.all(supervisors.splice(0).map((supervisor) => supervisor.close()));
  rmSync(directory, { recursive: true });
});

/** A supervisor that records each of its starts, and then runs `script`. */
function supervise(script: string) {
  const gaveUp = deferred<string>();
  const file = join(mkdtempSync(join(directory, 'one-')), 'starts');
  const supervisor = superviseLocally({
    command: ['/bin/sh', '-c', `echo >> ${file}; ${script}`],
    env: { PATH: '/usr/bin:/bin' },
    cwd: directory,
    clock: systemClock,
    logger: createLogger({ service: 'test', level: 'silent' }),
    onGaveUp: gaveUp.resolve,
  });
  supervisors.push(supervisor);
  return {
    supervisor,
    gaveUp: gaveUp.promise,
    starts: () => (existsSync(file) ? readFileSync(file).length : 0),
  };
}

test('fails after three exits before a worker was ready', async () => {
  const { gaveUp, starts } = supervise('exit 3');
  expect(await gaveUp).toContain('exited with exit code 3');
  expect(starts()).toBe(3);
});

test('fails if it cannot be started', async () => {
  const { gaveUp } = supervise('kill -9 $$');
  expect(await gaveUp).toContain('exited with SIGKILL');
});

test('is restarted after every exit of a healthy one, without limit', async () => {
  const { supervisor, starts } = supervise('read nothing');
  for (let times = 1; times <= 5; times += 1) {
    await expect.poll(starts).toBe(times);
    supervisor.healthy();
    supervisor.kill();
  }
  await expect.poll(starts).toBe(6);
});

test('learns from its environment whether it is the first', async () => {
  const { gaveUp } = supervise(
    `printf "$STEPPE_SUPERVISOR_START " >> ${join(directory, 'starts')}; exit 3`,
  );
  await gaveUp;
  expect(readFileSync(join(directory, 'starts'), 'utf8')).toBe('first again again ');
});

test('is not restarted after it is closed', async () => {
  const closed = supervise('exit 3');
  await expect.poll(closed.starts).toBe(1);
  await closed.supervisor.close();
  // The other one pauses between its starts for longer than this one would.
  const other = supervise('exit 3');
  await other.gaveUp;
  expect(closed.starts()).toBe(1);
});
