import { expect, test } from 'vitest';
import { languages, type PerLanguage } from './harness/languages.ts';
import { openSession } from './harness/session.ts';

/** What an interpreter has, in lists that a restart would not change. */
const inventory: PerLanguage<string> = {
  python: `import os as _os, sys as _sys, threading as _threading, linecache as _linecache, builtins as _builtins
(sorted(_sys.modules), sorted(vars(_builtins)), sorted(globals()), sorted(_linecache.cache), In[:-1], Out,
 _sys.path, _os.listdir('.'), dict(_os.environ), len(_os.listdir('/proc/self/fd')), _threading.active_count())`,
  node: `[Reflect.ownKeys(globalThis).map(String).sort(), _, _error, Object.keys(require.cache), process.argv,
 require('fs').readdirSync('.'), { ...process.env }, require('fs').readdirSync('/proc/self/fd').length]`,
};

test.each(languages)(
  'a session finds nothing of the steps that its %s instance has rehearsed',
  async (language) => {
    const session = await openSession(language);
    try {
      expect([await session.epoch(), await session.list(), await session.files()]).toEqual([
        ...[1, [], []],
      ]);
      const first = await session.run(inventory[language]);
      expect(first).toMatchObject({
        ...{ status: 'completed', execution_count: 1, epoch: 1, state_lost: false },
        ...{ stdout: '', stderr: '', background: null },
      });
      expect((await session.events(first.step_id))[0]).toMatchObject({
        seq: 1,
        execution_count: 1,
      });
      expect(await session.list()).toHaveLength(1);
      // An interpreter that the agent starts later has rehearsed nothing.
      await session.restart();
      const fresh = await session.run(inventory[language]);
      expect(fresh.results).toEqual(first.results);
    } finally {
      await session.close();
    }
  },
);
