import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const starter = fileURLToPath(new URL('../dist/session-agent.cjs', import.meta.url));

it('V8 accepts the code cache that the build wrote', () => {
  const program = `
    const { agentScript, cache } = require(process.argv[1]);
    const script = agentScript(require('node:fs').readFileSync(cache));
    process.stdout.write(String(script.cachedDataRejected));`;
  // A separate process, like an agent's: V8 compares its flags too, and a test may change them.
  expect(
    execFileSync(process.execPath, ['--eval', program, starter], { env: {}, encoding: 'utf8' }),
  ).toBe('false');
});

it('bundles no HTTP client, which every agent would load for nothing', () => {
  const packages = JSON.parse(
    readFileSync(new URL('../dist/packages.json', import.meta.url), 'utf8'),
  );
  const names = packages['session-agent'].map(({ name }: { name: string }) => name);
  expect(names).toContain('hono');
  expect(names).not.toContain('undici');
});
