import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const starter = fileURLToPath(new URL('../dist/session-agent.cjs', import.meta.url));

it('starts from code that V8 takes as it was built', () => {
  const program = `
    const { agentScript, cache } = require(process.argv[1]);
    const script = agentScript(require('node:fs').readFileSync(cache));
    process.stdout.write(String(script.cachedDataRejected));`;
  // A process of its own, as an agent's is: flags of V8, which a test's may have, are part of what
  // it compares.
  expect(
    execFileSync(process.execPath, ['--eval', program, starter], { env: {}, encoding: 'utf8' }),
  ).toBe('false');
});
