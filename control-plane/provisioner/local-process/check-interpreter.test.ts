import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaintAbout, complaintsAbout } from './check-interpreter.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'steppe-interpreters-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function program(name: string, prints: string): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\necho '${prints}'\n`);
  chmodSync(path, 0o755);
  return path;
}

test('accepts the interpreters of this machine', async () => {
  expect(await complaintsAbout({ python: 'python3', node: process.execPath })).toEqual([]);
});

test.each([
  ['python', 'Python 3.8.19', /is version 3\.8\.19; Python 3\.9 or newer is needed/],
  ['python', 'Python 2.7.18', /is version 2\.7\.18/],
  ['node', 'v18.20.4', /is version 18\.20\.4; Node 20\.20 or newer is needed/],
  ['node', 'v20.9.0', /is version 20\.9\.0/],
  ['node', 'hello', /does not print its version/],
] as const)('complains of a %s that says %s', async (language, prints, complaint) => {
  expect(await complaintAbout(language, program(prints.replace(/\W/g, '-'), prints))).toMatch(
    complaint,
  );
});

test.each([
  ['python', 'Python 3.9.0'],
  ['python', 'Python 3.13.1'],
  ['node', 'v24.0.0'],
] as const)('takes a %s that says %s', async (language, prints) => {
  expect(
    await complaintAbout(language, program(prints.replace(/\W/g, '-'), prints)),
  ).toBeUndefined();
});

test('reports a missing interpreter with the name of its variable', async () => {
  const [complaint] = await complaintsAbout({ python: 'no-such-python', node: process.execPath });
  expect(complaint).toMatch(/^STEPPE_PYTHON: no-such-python cannot be started .*ENOENT/);
});
