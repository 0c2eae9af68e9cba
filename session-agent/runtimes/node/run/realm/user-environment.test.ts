import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';

const workspace = realpathSync(mkdtempSync('/tmp/steppe-'));
mkdirSync(join(workspace, 'inside'));
afterAll(() => rmSync(workspace, { recursive: true }));

// A thread of the test runner cannot change its directory.
let current = workspace;
vi.spyOn(process, 'cwd').mockImplementation(() => current);
vi.spyOn(process, 'chdir').mockImplementation((directory) => {
  current = realpathSync(directory);
});
// The module keeps the functions that it finds.
const { enterStepEnvironment } = await import('./user-environment.ts');

it('restores the variables and the directory of a step', () => {
  const leave = enterStepEnvironment({ STEPPE_TEST_A: 'a\n$"ü' }, 'inside', workspace);
  expect(process.cwd()).toBe(join(workspace, 'inside'));
  // biome-ignore lint/style/noProcessEnv: it is what the module changes
  expect(process.env.STEPPE_TEST_A).toBe('a\n$"ü');
  leave();
  expect(process.cwd()).toBe(workspace);
  // biome-ignore lint/style/noProcessEnv: it is what the module changes
  expect(process.env.STEPPE_TEST_A).toBeUndefined();
});

it('keeps a directory that user code changed to', () => {
  const leave = enterStepEnvironment({}, 'inside', workspace);
  process.chdir('/');
  leave();
  expect(process.cwd()).toBe('/');
});

it('changes nothing if the directory does not exist', () => {
  expect(() => enterStepEnvironment({ STEPPE_TEST_B: 'b' }, 'nowhere', workspace)).toThrow(
    'ENOENT',
  );
  // biome-ignore lint/style/noProcessEnv: it is what the module changes
  expect(process.env.STEPPE_TEST_B).toBeUndefined();
});
