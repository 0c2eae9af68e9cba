import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testEnvironment } from '../support/config.ts';
import { isRunning } from '../support/processes/instance-leaks.ts';

test('Ctrl-C leaves no process and no directory', { timeout: 180_000 }, async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'steppe-interrupt-'));
  const chaos = spawn(process.execPath, ['--import', 'tsx', 'test/chaos/main.ts'], {
    env: testEnvironment({ DURATION: '10m', TMPDIR: scratch, TSX_DISABLE_CACHE: '1' }),
    stdio: ['ignore', 'ignore', 'pipe'],
    // Ctrl-C in a terminal signals the whole process group.
    detached: true,
  });
  const exited = once(chaos, 'exit');
  let said = '';
  chaos.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  await expect.poll(() => said, { timeout: 120_000 }).toMatch(/[1-9]\d* faults/);
  const group = chaos.pid ?? 0;
  process.kill(-group, 'SIGINT');
  expect([await exited, said]).toEqual([
    [130, null],
    expect.stringContaining('stopped before its time'),
  ]);
  expect(isRunning(-group)).toBe(false);
  expect(readdirSync(scratch)).toEqual([]);
  rmSync(scratch, { recursive: true });
});
