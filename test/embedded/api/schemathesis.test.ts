import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testEnvironment } from '../../support/config.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const program = fileURLToPath(new URL('../../../.venv-schemathesis/bin/st', import.meta.url));
const directory = fileURLToPath(new URL('./schemathesis/', import.meta.url));
const local = useLocal({ LOG_LEVEL: 'fatal' });

/**
 * Sends about a thousand requests that the document allows or forbids.
 * @returns its exit code and everything that it printed.
 */
async function runSchemathesis(env: Record<string, string>) {
  if (!existsSync(program))
    throw new Error('schemathesis is not installed; make .venv-schemathesis/.installed');
  const scratch = mkdtempSync(join(tmpdir(), 'steppe-schemathesis-'));
  const child = spawn(
    program,
    ['--config-file', `${directory}schemathesis.toml`, 'run', `${local().url}/openapi.json`],
    {
      // Schemathesis stores what it learns in its working directory.
      cwd: scratch,
      env: testEnvironment({
        ...env,
        PYTHONPATH: directory,
        PYTHONDONTWRITEBYTECODE: '1',
        COLUMNS: '200',
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  rmSync(scratch, { recursive: true });
  return { code, output };
}

test('every response matches the OpenAPI document, and none is a 500', {
  timeout: 600_000,
}, async () => {
  const client = await local().newClient();
  const [busy, quiet, doomed] = await Promise.all([
    client.createSession(),
    client.createSession(),
    client.createSession(),
  ]);
  const step = await client.run(quiet.session_id, 'print("remembered")\n20 + 22');
  const { code, output } = await runSchemathesis({
    STEPPE_URL: local().url,
    STEPPE_TOKEN: client.token,
    STEPPE_BUSY_SESSION: busy.session_id,
    STEPPE_QUIET_SESSION: quiet.session_id,
    STEPPE_DOOMED_SESSION: doomed.session_id,
    STEPPE_STEP: step.step_id,
  });
  expect(code, output).toBe(0);
  // It called every operation, and the sessions that it must not end are still alive.
  expect(output).toMatch(/Tested: 18/);
  for (const { session_id: id } of [busy, quiet])
    expect((await client.run(id, '')).status).toBe('completed');
});
