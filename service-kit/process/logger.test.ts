import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';

const logger = new URL('./logger.ts', import.meta.url);
const clock = new URL('./clock.ts', import.meta.url);
let child: ChildProcess;
afterEach(() => child.kill('SIGKILL'));

/** Starts a process that logs in batches. @returns the messages that it has written so far. */
function start(statements: string): () => string[] {
  const program = `
    import { batchedOutput, createLogger } from '${logger}';
    import { systemClock } from '${clock}';
    const to = batchedOutput(systemClock);
    const logger = createLogger({ service: 'test', level: 'info', to });
    ${statements}`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  return () =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).msg);
}

it('writes the rest of a batch when the process exits', async () => {
  const messages = start(`
    logger.info('one');
    logger.info('two');
    process.exit(0);`);
  await expect.poll(messages, { timeout: 30_000 }).toEqual(['one', 'two']);
});

it('writes full batches, and then the rest, while the process lives', async () => {
  const long = 'é'.repeat(5_000);
  const messages = start(`for (let i = 0; i < 3; i++) logger.info('${long}');`);
  await expect.poll(messages, { timeout: 30_000 }).toEqual([long, long, long]);
  expect(child.exitCode).toBe(null);
});
