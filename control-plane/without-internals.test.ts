import { expect, it } from 'vitest';
import { withoutInternals } from './without-internals.ts';

const python = `python3 ended with exit code 1
Traceback (most recent call last):
  File "/srv/steppe/runtimes/python/supervisor.py", line 12, in <module>
    from steppe_runtime import supervisor
ModuleNotFoundError: No module named 'steppe_runtime'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/steppe/runtimes/python/supervisor.py", line 14, in <module>
    raise RuntimeError("no runtime in /srv/steppe/runtimes")
           ^^^^^^^
RuntimeError: no runtime in /srv/steppe/runtimes`;

const syntax = `  File "/srv/steppe/x.py", line 3
    if True
           ^
SyntaxError: expected ':'`;

const node = `node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module '/srv/steppe/dist/session-agent.mjs'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)
    at node:internal/main/run_main_module:28:49 {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v20.20.0
`;

const bundled = `file:///srv/steppe/dist/session-agent.mjs:3
var a=1;throw new Error("the port is in use: /srv/x");
^

Error: the port is in use
    at file:///srv/steppe/dist/session-agent.mjs:3:18
    at async Promise.all (index 0)`;

it.each([
  ['exit code 137', 'exit code 137'],
  ['OOMKilled', 'OOMKilled'],
  ['exit code 3: there is no interpreter', 'exit code 3: there is no interpreter'],
  ['signal SIGKILL', 'signal SIGKILL'],
  ['3 / 4 of either/or', '3 / 4 of either/or'],
  [
    '/opt/venv/bin/python3 cannot be started: spawn /opt/venv/bin/python3 ENOENT',
    'python3 cannot be started: spawn python3 ENOENT',
  ],
  ['no such file: "/srv/a b/c.json"', 'no such file: "a b/c.json"'],
  [
    'low on resource: memory. Threshold quantity: 100Mi, available: 4/5',
    'low on resource: memory. Threshold quantity: 100Mi, available: 4/5',
  ],
  [
    python,
    "python3 ended with exit code 1\nModuleNotFoundError: No module named 'steppe_runtime'\nRuntimeError: no runtime in runtimes",
  ],
  [syntax, "SyntaxError: expected ':'"],
  [node, "Error: Cannot find module 'session-agent.mjs'"],
  [bundled, 'Error: the port is in use'],
  [
    'exit code 1: Traceback (most recent call last):\n  File "/srv/x.py", line 1\nKeyError: 1',
    'exit code 1\nKeyError: 1',
  ],
])('keeps what people need of %j', (raw, shown) => {
  expect(withoutInternals(raw)).toBe(shown);
  expect(withoutInternals(shown)).toBe(shown);
});

it.each([
  '/'.repeat(200_000),
  `/${'a/'.repeat(100_000)}`,
  ' '.repeat(200_000),
  ':1\n'.repeat(60_000),
  `x${' /'.repeat(90_000)}`,
])('takes time in proportion to its length', (long) => {
  // A quadratic pattern takes minutes here, so that the time limit of the test fails it.
  expect(withoutInternals(long).length).toBeLessThanOrEqual(long.length);
});
