import type { Language } from '@steppe/contracts/session';
import { expect, test } from 'vitest';
import { openSession } from './harness/session.ts';

/**
 * The agent starts its worker before it is bound, as a warm instance does, so the variables arrive
 * after the interpreter's start.
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
  '%s applies variables that an interpreter reads at its start, still in epoch 1: %j',
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
      // Later steps keep their memory, and a new interpreter has the variables too.
      await session.run('kept = 1');
      expect((await session.run('kept')).epoch).toBe(1);
      expect(await session.restart()).toBe(2);
      expect((await session.run(code)).results[0]?.['text/plain']).toBe(value);
    } finally {
      await session.close();
    }
  },
);

test.each<[Language, Record<string, string>, RegExp]>([
  ['python', { PYTHONHASHSEED: 'abc' }, /PYTHONHASHSEED must be/],
  ['python', { PYTHONHOME: '/nowhere' }, /init_fs_encoding|encodings/],
  ['node', { NODE_OPTIONS: '--bogus' }, /--bogus is not allowed in NODE_OPTIONS/],
])(
  'the bind of %s fails with the interpreter’s words if it cannot start: %j',
  async (language, env, words) => {
    const opened = openSession(language, { env });
    const error: unknown = await opened.catch((thrown: Error) => thrown.cause);
    expect(String(error)).toMatch(/^Error: bind: 422 \{"error":\{"code":"start_failed"/);
    expect(String(error)).toMatch(words);
  },
);

test('a restart of node before its replaced worker is ready gets its own epoch', async () => {
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
