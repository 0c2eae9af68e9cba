import type { Language } from '@steppe/contracts/session';
import { expect, test } from 'vitest';
import { openSession } from './harness/session.ts';

/**
 * The agent runs its worker before it is bound, as a warm instance does: the variables come after
 * the interpreter's start.
 */
const cases: [Language, Record<string, string>, string, string][] = [
  [
    'python',
    { PYTHONHASHSEED: '0', PLAIN: 'yes' },
    'import sys, os; (sys.flags.hash_randomization, os.environ["PLAIN"])',
    "(0, 'yes')",
  ],
  ['python', { PYTHONOPTIMIZE: '2' }, 'import sys; sys.flags.optimize', '2'],
  [
    'node',
    { NODE_OPTIONS: '--max-http-header-size=12345', PLAIN: 'yes' },
    '[require("http").maxHeaderSize, process.env.PLAIN]',
    "[ 12345, 'yes' ]",
  ],
  ['node', { NODE_EXTRA: 'x', UV_THREADPOOL_SIZE: '2' }, 'process.env.UV_THREADPOOL_SIZE', "'2'"],
];

test.each(cases)(
  '%s heeds what an interpreter reads at its start, still in epoch 1: %j',
  async (language, env, code, value) => {
    const session = await openSession(language, { env });
    try {
      const first = await session.run(code);
      expect(first).toMatchObject({
        status: 'completed',
        epoch: 1,
        state_lost: false,
        execution_count: 1,
      });
      expect(first.results[0]?.['text/plain']).toBe(value);
      // What follows keeps its memory, and a fresh interpreter has the variables too.
      await session.run('kept = 1');
      expect((await session.run('kept')).epoch).toBe(1);
      expect(await session.restart()).toBe(2);
      expect((await session.run(code)).results[0]?.['text/plain']).toBe(value);
    } finally {
      await session.close();
    }
  },
);

test('node makes an epoch of its own of a restart that comes before its renewed worker', async () => {
  const session = await openSession('node', {
    env: { NODE_OPTIONS: '--max-http-header-size=12345' },
  });
  try {
    expect(await session.restart()).toBe(2);
    expect((await session.run('1 + 1')).epoch).toBe(2);
  } finally {
    await session.close();
  }
});
