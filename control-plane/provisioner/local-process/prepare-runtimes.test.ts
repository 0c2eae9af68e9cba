import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findRuntime } from '../../runtimes/find-runtime.ts';
import { prepareRuntimes } from './prepare-runtimes.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'steppe-runtimes-'));
  for (const file of [
    'agent.cjs',
    'agent/main.cjs',
    'runtimes/python/supervisor.py',
    'runtimes/node/supervisor.cjs',
  ])
    write(file);
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(file: string, text = '') {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), text);
}

function interpreter(prints: string): string {
  write('interpreter', `#!/bin/sh\necho '${prints}'\n`);
  chmodSync(join(directory, 'interpreter'), 0o755);
  return join(directory, 'interpreter');
}

const prepare = (changed: Partial<Parameters<typeof prepareRuntimes>[0]> = {}) =>
  prepareRuntimes({
    runtimesFile: undefined,
    poolSize: 1,
    interpreters: { python: 'python3', node: process.execPath },
    agentBundle: join(directory, 'agent.cjs'),
    runtimesDirectory: join(directory, 'runtimes'),
    hostVariables: { PATH: '/usr/bin', STEPPE_MAX_CODE_BYTES: '10000' },
    logLevel: 'info',
    ...changed,
  });

async function versionOf(
  changed: Parameters<typeof prepare>[0] = {},
  name = 'python',
): Promise<string> {
  const prepared = await prepare(changed);
  if ('complaints' in prepared) throw new Error(prepared.complaints.join('\n'));
  return findRuntime(prepared.runtimes, name).version;
}

it('gives a runtime the same version wherever it creates the same instances', async () => {
  const version = await versionOf();
  write('runtimes/python/__pycache__/supervisor.pyc', 'left by an interpreter');
  const hostVariables = { STEPPE_MAX_CODE_BYTES: '10000', PATH: '/usr/bin' };
  const interpreters = { python: 'python3', node: interpreter('v24.0.0') };
  expect(await versionOf({ poolSize: 9, hostVariables, interpreters })).toBe(version);
});

it.each([
  ['another limit', { hostVariables: { PATH: '/usr/bin', STEPPE_MAX_CODE_BYTES: '20000' } }],
  [
    'a module that is preloaded by the host',
    { hostVariables: { PATH: '/usr/bin', STEPPE_PRELOAD: 'json' } },
  ],
  ['another log level of the agents', { logLevel: 'debug' }],
])('gives a runtime another version for %s', async (_, changed) => {
  expect(await versionOf(changed)).not.toBe(await versionOf());
});

it('rejects a runtime that names only an image, which a local process cannot use', async () => {
  const python = { image: 'ours/python:3', interpreter: 'python3' };
  write(
    'list.json',
    JSON.stringify({ torch: { language: 'python', image: 'ours/torch:1' }, python }),
  );
  expect(await prepare({ runtimesFile: join(directory, 'list.json') })).toEqual({
    complaints: [
      'STEPPE_RUNTIMES: torch.image: is for pods; for local processes name an interpreter too',
    ],
  });
});

it('gives a runtime another version for another interpreter', async () => {
  const interpreters = { python: interpreter('Python 3.12.0'), node: process.execPath };
  expect(await versionOf({ interpreters })).not.toBe(await versionOf());
});

it.each(['agent.cjs', 'agent/main.cjs', 'runtimes/python/supervisor.py'])(
  'gives a runtime another version if %s differs',
  async (file) => {
    const version = await versionOf();
    write(file, 'anew');
    expect(await versionOf()).not.toBe(version);
  },
);
