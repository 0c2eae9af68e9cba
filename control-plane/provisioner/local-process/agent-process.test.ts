import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { spawnAgent } from './agent-process.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync('/tmp/steppe-agent-process-');
});
afterEach(() => rmSync(cwd, { recursive: true }));

test('warns of error output of an agent, but not while the agent is being ended', async () => {
  const bundle = join(cwd, 'agent.mjs');
  writeFileSync(
    bundle,
    `process.once('SIGTERM', () => process.stderr.write('a last word', () => process.exit()));
     process.stderr.write('preload of nope is skipped');
     setInterval(() => {}, 1000);`,
  );
  const logged: string[] = [];
  const logger = createLogger({
    service: 'test',
    level: 'info',
    to: { write: (line) => void logged.push(line) },
  });
  const agent = spawnAgent({ bundle, cwd, env: {}, graceMs: 10_000, clock: systemClock, logger });
  await expect
    .poll(() => logged)
    .toEqual([expect.stringMatching(/"warn".*preload of nope is skipped/)]);
  await agent.end();
  expect((await agent.exited).stderrTail).toContain('a last word');
  expect(logged).toHaveLength(1);
});
