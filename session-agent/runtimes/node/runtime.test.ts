import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleRuntime } from './testing/bundle-runtime.ts';
import { type FakeAgent, type StepOptions, startFakeAgent } from './testing/fake-agent.ts';

let runtimeDir: string;
let agent: FakeAgent;

beforeAll(async () => {
  runtimeDir = await bundleRuntime();
  agent = await startFakeAgent(runtimeDir);
  await agent.start(1, { env: { SESSION: 'kept' } });
});
afterAll(async () => {
  await agent.close();
  rmSync(runtimeDir, { recursive: true });
});

/** The text of the step's value, or its error. */
async function resultOf(code: string, options?: StepOptions): Promise<unknown> {
  const { shown, done } = await agent.run(code, options);
  if (done.error) throw new Error(`${done.error.name}: ${done.error.message}`);
  return shown.find((one) => one.is_main_result)?.bundle['text/plain'];
}
const errorOf = async (code: string) => (await agent.run(code)).done.error;

describe('a step', () => {
  it('runs in the real global scope, in the workspace, with its own environment', async () => {
    expect(await resultOf('[] instanceof Array && fetch.name')).toBe("'fetch'");
    expect(await resultOf('process.cwd()')).toBe(`'${agent.workspace}'`);
    expect(await resultOf('Object.keys(process.env).sort().join()')).toBe(
      "'HOME,PATH,SESSION,STEPPE_INSTANCE_ID'",
    );
    expect(await resultOf('process.stdin.read(); fs.readFileSync(0, "utf8")')).toBe("''");
  });

  it('keeps working after user code redeclares builtins', async () => {
    await agent.run(
      'class Map {} ; class Set {}; let process = 1; const Error = 2, JSON = 3, Buffer = 4, Object = 5; function Promise() {}',
    );
    expect(await resultOf('await null; process')).toBe('1');
    const response = await agent.run('console.log("still"); null.x');
    expect(response).toMatchObject({ stdout: 'still\n', done: { error: { name: 'TypeError' } } });
    await agent.run(
      'process = globalThis.process; Error = globalThis.Error; JSON = globalThis.JSON; Buffer = globalThis.Buffer; Object = globalThis.Object',
    );
    await agent.run(
      'Map = globalThis.Map; Set = globalThis.Set; Promise = (async () => {})().constructor',
    );
  });

  it('is called without any name that user code may have declared', async () => {
    await agent.run('const whole = globalThis');
    await agent.run('class Symbol {}; const globalThis = 5');
    expect(await resultOf('[Symbol.name, globalThis]')).toBe("[ 'Symbol', 5 ]");
    expect(await resultOf('Symbol = whole.Symbol; globalThis = whole; Symbol.for("a")')).toBe(
      'Symbol(a)',
    );
  });

  it('ends when it throws a proxy whose every trap throws', async () => {
    const { done } = await agent.run(
      'throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })',
    );
    expect(done).toMatchObject({ status: 'failed', error: { name: 'Uncaught' } });
  });

  it('ends when it throws an error whose code cannot be read', async () => {
    const { done } = await agent.run(
      'throw new (class Odd extends Error { get code() { throw 1 } })("x")',
    );
    expect(done).toMatchObject({ status: 'failed', error: { name: 'Odd', message: 'x' } });
  });

  it('reports its usage', async () => {
    const { done } = await agent.run('await new Promise((resolve) => setTimeout(resolve, 20))');
    expect(done.usage.duration_ms).toBeGreaterThan(15);
    expect(String(done.usage.duration_ms)).toMatch(/^\d+(?:\.\d{1,3})?$/);
    expect(done.usage.max_rss_bytes).toBeGreaterThan(1e7);
  });

  it('has variables and a directory of its own, and lasting ones', async () => {
    mkdirSync(join(agent.workspace, 'inner'));
    expect(
      await resultOf('process.env.STEP + process.cwd()', { env: { STEP: 'a"\n$ü' }, cwd: 'inner' }),
    ).toContain('/inner');
    expect(await resultOf('[process.env.STEP, process.cwd().endsWith("inner")]')).toBe(
      '[ undefined, false ]',
    );
    await expect(resultOf('1', { cwd: 'nowhere' })).rejects.toThrow(
      'ENOENT: no such file or directory',
    );
    agent.tellWorker({ type: 'configure', env: { LATER: 'yes' } });
    expect(await resultOf('process.env.LATER')).toBe("'yes'");
  });

  it('has its variables in a replaced process.env, and leaves none in it', async () => {
    const env = { STEP: 'secret' };
    await agent.run(
      'const nodesOwn = process.env; process.env = { ...process.env, MODE: "test" }',
      { env },
    );
    expect(await resultOf('[process.env.STEP, process.env.MODE]')).toBe("[ undefined, 'test' ]");
    expect(await resultOf('process.env.STEP', { env })).toBe("'secret'");
    agent.tellWorker({ type: 'configure', env: { LATER_STILL: 'yes' } });
    expect(await resultOf('process.env.LATER_STILL')).toBe("'yes'");
    await agent.run('process.env = Object.freeze({ ...nodesOwn })', { env });
    expect(await resultOf('process.env = nodesOwn; process.env.STEP')).toBeUndefined();
  });

  it('keeps its declarations from before it failed', async () => {
    expect(await errorOf('const beforeFailure = 1; null.x; const afterFailure = 2')).toMatchObject({
      name: 'TypeError',
    });
    expect(await resultOf('[beforeFailure, afterFailure]')).toBe('[ 1, undefined ]');
  });
});

describe('modules', () => {
  it('are resolved from the workspace, whatever the current directory is', async () => {
    mkdirSync(join(agent.workspace, 'node_modules/a-package'), { recursive: true });
    writeFileSync(
      join(agent.workspace, 'node_modules/a-package/index.js'),
      'exports.fromPackage = 1; exports["a b"] = 2',
    );
    writeFileSync(join(agent.workspace, 'local.mjs'), 'export default 3; export const named = 4;');
    await agent.run('process.chdir("/")');
    expect(
      await resultOf(
        "import { fromPackage } from 'a-package'; import d, { named as n } from './local.mjs'; [fromPackage, d, n]",
      ),
    ).toBe('[ 1, 3, 4 ]');
    expect(
      await resultOf("[(await import('./local.mjs')).named, require('a-package').fromPackage]"),
    ).toBe('[ 4, 1 ]');
    expect(await resultOf("const load = () => import('./local.mjs'); (await load()).default")).toBe(
      '3',
    );
    expect(await resultOf('[import.meta.url, import.meta.dirname]')).toContain(
      `'${agent.workspace}'`,
    );
    await expect(resultOf("import { missing } from './local.mjs'")).rejects.toThrow(
      "does not provide an export named 'missing'",
    );
    await expect(resultOf("import nothing from 'no-such-package'")).rejects.toThrow(
      "Cannot find package 'no-such-package'",
    );
    await agent.run(`process.chdir(${JSON.stringify(agent.workspace)})`);
  });
});

describe('an error', () => {
  it('has the lines and columns of the submitted code, and no frame of the driver', async () => {
    const first = await agent.run(
      'function outer() {\n  throw new Error("boo", { cause: new TypeError("why") });\n}',
    );
    const count = await agent.run('1;\n  outer()');
    const step = count.done.error?.traceback.find((line) => /<step \d+>:2:3$/.test(line));
    expect(first.done.status).toBe('completed');
    expect(step).toBeDefined();
    expect(count.done.error?.traceback).toContain('[cause]: TypeError: why');
    expect(
      count.done.error?.traceback.filter((line) => /worker\.cjs|steppe|node:vm/.test(line)),
    ).toEqual([]);
  });

  it('has no frame of the driver when user code prints it', async () => {
    expect((await agent.run('console.log(new Error("shown").stack)')).stdout).toMatch(
      /^Error: shown\n {4}at <step \d+>:1:13\n$/,
    );
    expect((await agent.run('await null; console.log(new Error("later").stack)')).stdout).toMatch(
      /^Error: later\n {4}at <step \d+>:1:25\n$/,
    );
  });

  it('of Node itself shows its code once', async () => {
    expect((await errorOf('require("assert").equal(1, 2)'))?.traceback[0]).toBe(
      'AssertionError [ERR_ASSERTION]: 1 == 2',
    );
    expect((await errorOf('await import("no-such-package")'))?.traceback[0]).toMatch(
      /^Error \[ERR_MODULE_NOT_FOUND\]: Cannot/,
    );
  });

  it('of syntax shows the position', async () => {
    expect((await errorOf('let a = 1;\nlet b = ;'))?.traceback.slice(1)).toEqual([
      'let b = ;',
      '        ^',
      '',
      "SyntaxError: Unexpected token ';'",
    ]);
  });

  it('can be any value', async () => {
    expect(await errorOf('throw { code: 7 }')).toMatchObject({
      name: 'Uncaught',
      message: '{ code: 7 }',
    });
    expect(await errorOf('await Promise.reject(undefined)')).toMatchObject({
      name: 'Uncaught',
      message: 'undefined',
    });
  });
});

describe('output', () => {
  it('is complete and in order before the end of the step, from children too', async () => {
    const response = await agent.run(
      'console.log("a"); process.stdout.write("b\\n"); require("child_process").execSync("echo c; echo d >&2", { stdio: "inherit" }); console.error("e"); console.log("f")',
    );
    expect([response.stdout, response.stderr]).toEqual(['a\nb\nc\nf\n', 'd\ne\n']);
    expect((await agent.run('process.stdout.write("x".repeat(1e7)); 1')).stdout.length).toBe(1e7);
  });

  it('is complete after a child left the descriptor non-blocking', async () => {
    await agent.run(
      'require("child_process").execFileSync(process.execPath, ["-e", "process.stdout.write(String(1))"], { stdio: "inherit" })',
    );
    expect((await agent.run('console.log("x".repeat(1e7))')).stdout.length).toBe(1e7 + 1);
  });

  it('of timers and promises of earlier steps is background', async () => {
    await agent.run(
      'setTimeout(() => console.log("timer"), 30); (async () => { await new Promise((r) => setTimeout(r, 40)); console.error("promise") })(); 0',
    );
    const { stdout } = await agent.run(
      'await new Promise((resolve) => setTimeout(resolve, 100)); console.log("own")',
    );
    expect(stdout).toBe('own\n');
    expect(await agent.log.next('background')).toEqual({
      type: 'background',
      stream: 'stdout',
      text: 'timer\n',
    });
    expect(await agent.log.next('background')).toEqual({
      type: 'background',
      stream: 'stderr',
      text: 'promise\n',
    });
  });

  it('of a step’s own timers belongs to the step', async () => {
    expect(
      (
        await agent.run(
          'setTimeout(() => console.log("mine"), 5); await new Promise((r) => setTimeout(r, 30))',
        )
      ).stdout,
    ).toBe('mine\n');
  });

  it('shows values in order', async () => {
    const { shown } = await agent.run('display(1); display.html("<b>"); ({ a: 1 })');
    expect(shown.map(({ bundle, is_main_result }) => [bundle, is_main_result])).toEqual([
      [{ 'text/plain': '1' }, false],
      [{ 'text/html': '<b>' }, false],
      [{ 'text/plain': '{ a: 1 }', 'application/json': { a: 1 } }, true],
    ]);
  });
});

describe('an uncaught error', () => {
  it('is a background error, within a step and after it', async () => {
    await agent.run(
      'setTimeout(() => { throw new RangeError("timer") }, 1); Promise.reject(new Error("rejected")); 0',
    );
    expect(await agent.log.next('bgerror')).toMatchObject({ name: 'Error', message: 'rejected' });
    expect(await agent.log.next('bgerror')).toMatchObject({ name: 'RangeError', message: 'timer' });
    expect(await resultOf('1 + 1')).toBe('2');
  });
});

describe('a descriptor that was closed', () => {
  it('is reopened for the next step and its children', async () => {
    const closing = await agent.run('fs.closeSync(2); fs.closeSync(1); console.log("lost"); 1');
    expect(closing).toMatchObject({ stdout: '', done: { status: 'completed' } });
    const response = await agent.run(
      'console.log("out"); child_process.execSync("echo child; echo error >&2", { stdio: "inherit" }); console.error("end")',
    );
    expect([response.stdout, response.stderr]).toEqual(['out\nchild\n', 'error\nend\n']);
  });
});

describe('between steps', () => {
  it('a server continues', async () => {
    await agent.run(
      'const server = http.createServer((_, response) => response.end("served")); await new Promise((done) => server.listen(0, "127.0.0.1", done))',
    );
    expect(
      await resultOf(
        'const { port } = server.address(); await (await fetch("http://127.0.0.1:" + port)).text()',
      ),
    ).toBe("'served'");
    await agent.run('server.close(); server.closeAllConnections()');
  });

  it('a polling loop of an abandoned step continues in the background', async () => {
    const step = agent.submit(
      'console.log("polls"); for (;;) { await new Promise((r) => setTimeout(r, 5)); console.log("still") }',
    );
    await agent.streams().stdout?.until('polls');
    agent.tellWorker({ type: 'interrupt', step_id: step.id });
    expect((await step.ended()).done.status).toBe('interrupted');
    await agent.log.next('interrupted');
    const { stdout } = await agent.run(
      'await new Promise((r) => setTimeout(r, 50)); console.log("own")',
    );
    expect(stdout).toBe('own\n');
    expect((await agent.log.next('background')).text).toBe('still\n');
  });

  it('a child that holds the streams open delays no step', async () => {
    await agent.run('const child = child_process.spawn("sleep", ["1000"], { stdio: "inherit" })');
    const { stdout } = await agent.run('console.log(child.exitCode); child.kill()');
    expect(stdout).toBe('null\n');
  });

  it('a caught error is not a background error, and removed handlers are restored', async () => {
    const caught = await agent.run(
      'process.on("unhandledRejection", (reason) => console.log("caught", reason)); Promise.reject(1); await new Promise((r) => setTimeout(r, 10))',
    );
    expect(caught.stdout).toBe('caught 1\n');
    expect(agent.log.take('bgerror')).toEqual([]);
    await agent.run(
      'process.removeAllListeners("unhandledRejection"); process.removeAllListeners("uncaughtException")',
    );
    await agent.run('Promise.reject(new Error("reported again")); 1');
    expect(await agent.log.next('bgerror')).toMatchObject({ message: 'reported again' });
  });
});

it('attributes the output of microtasks and ticks to the step that queued them', async () => {
  const { stdout } = await agent.run(
    '(async () => { await null; console.log("async") })(); process.nextTick(() => console.log("tick")); console.log("first")',
  );
  expect(stdout.split('\n').sort()).toEqual(['', 'async', 'first', 'tick']);
});

it('prints the output of console, in order', async () => {
  const { stdout, stderr } = await agent.run(
    [
      'console.table([{ a: 1 }]); console.dir({ a: { b: {} } }, { depth: 0 }); console.group("G"); console.log("%s %d %j", "x", 1.5, {})',
      'console.warn("inner"); console.groupEnd(); console.count(); console.assert(false, "no"); console.time("t"); console.timeEnd("t")',
      'console.trace("here")',
    ].join('\n'),
  );
  expect(stdout).toMatch(
    /^┌.*│ \(index\) │ a │.*┘\n\{ a: \[Object\] \}\nG\n {2}x 1.5 \{\}\ndefault: 1\nt: [\d.]+ms\n$/s,
  );
  expect(stderr).toMatch(/^ {2}inner\nAssertion failed: no\nTrace: here\n {4}at <step \d+>:3:9\n$/);
});

it('shows values as the REPL does', async () => {
  const values: [code: string, text: string][] = [
    [
      'const circular = { n: 1 }; circular.self = circular; circular',
      '<ref *1> { n: 1, self: [Circular *1] }',
    ],
    ['new Map([[{ a: 1 }, new Set([1])]])', 'Map(1) { { a: 1 } => Set(1) { 1 } }'],
    ['class Point { x = 1 }; [Point, new Point()]', '[ [class Point], Point { x: 1 } ]'],
    ['[Promise.resolve(1), new Promise(() => {})]', '[ Promise { 1 }, Promise { <pending> } ]'],
    ['new Proxy({ a: 1 }, {})', '{ a: 1 }'],
    ['({ get a() { return 1 }, b: 10n, c: Symbol("s") })', '{ a: [Getter], b: 10n, c: Symbol(s) }'],
    ['new Uint8Array(2)', 'Uint8Array(2) [ 0, 0 ]'],
    ['Object.create(null)', '[Object: null prototype] {}'],
    ['null', 'null'],
  ];
  for (const [code, text] of values) expect(await resultOf(code)).toBe(text);
  expect(await resultOf('new Error("outer", { cause: new TypeError("inner") })')).toMatch(
    /^Error: outer\n {4}at <step \d+>:1:1 \{\n {2}\[cause\]: TypeError: inner\n {6}at <step \d+>:1:29\n\}$/,
  );
});

it('exits when a timer between steps calls process.exit', async () => {
  const other = await startFakeAgent(runtimeDir);
  await other.start(1);
  await other.run('setTimeout(() => process.exit(7), 5); 1');
  expect(await other.log.next('exit')).toMatchObject({ code: 7, reason: null });
  await other.close();
});
