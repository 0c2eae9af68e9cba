import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { repository } from './harness/config.ts';
import { expectResult } from './harness/expectation.ts';
import { casesOf } from './harness/one-language.ts';
import type { Session } from './harness/session.ts';

const { steps, flow } = casesOf('node');

/** Puts our own packages where `npm install` would put them: one as a copy, the others as links. */
function install(session: Session, copied: string, linked: readonly string[]): void {
  const modules = join(session.agent.workspace, 'node_modules');
  mkdirSync(modules, { recursive: true });
  cpSync(join(repository, 'node_modules', copied), join(modules, copied), { recursive: true });
  for (const name of linked)
    symlinkSync(join(repository, 'node_modules', name), join(modules, name));
}

// Values
steps('an object literal that begins a step is an object', '{ a: 1, b: 2 }', {
  value: '{ a: 1, b: 2 }',
});
steps('an empty object literal is an object', '({})', { value: '{}' });
steps('a block that begins a step is a block', '{ let inner = 1; inner + 1 }', { value: '2' });
steps('a trailing semicolon suppresses nothing', '42;', { value: '42' });
steps('null is a value', 'null', { value: 'null' });
steps('an assignment is a value', ['let given', 'given = 5'], { value: '5' });
steps('a directive is a string', "'use strict'", { value: "'use strict'" });
steps('an if has the value of its branch', 'if (1 < 2) { "yes" } else { "no" }', {
  value: "'yes'",
});
steps('a for has the value of its last iteration', 'for (let n = 0; n < 3; n++) { n * 10 }', {
  value: '20',
});
steps('a try has the value of the branch that ran', 'try { null.x } catch { "caught" }', {
  value: "'caught'",
});
steps('a switch has the value of its case', 'switch (2) { case 1: "one"; break; case 2: "two" }', {
  value: "'two'",
});
steps('a block with an await has a value', 'if (true) { await Promise.resolve(5) }', {
  value: '5',
});
steps('a loop with an await has a value', 'for (const n of [1, 2]) { await n }', { value: '2' });
steps('a Map is shown as Node shows it', 'new Map([["a", 1]])', { value: "Map(1) { 'a' => 1 }" });
steps(
  'a settled promise is shown as a promise',
  'const settled = Promise.resolve(5); ({ settled })',
  {
    value: '{ settled: Promise { 5 } }',
  },
);
steps('a promise that is the last value is awaited', 'async function main() { return 5 }\nmain()', {
  value: '5',
});
steps(
  'a promise that is the last value keeps the step running until it is settled',
  '(async () => {\n  await new Promise((done) => setTimeout(done, 5))\n  console.log("later")\n  return { done: true }\n})()',
  { stdout: 'later\n', value: '{ done: true }' },
);
steps(
  'the error of a promise that is the last value is the error of the step',
  '(async () => { await null; throw new RangeError("late") })();',
  { error: { name: 'RangeError', message: 'late' } },
);
steps('a promise after an await is awaited too', 'await null\nif (true) Promise.resolve(5)', {
  value: '5',
});
steps('a promise that `void` discards is not awaited', 'void new Promise(() => {})', {});
steps(
  'a promise before a declaration is shown as a promise',
  'Promise.resolve(5);\nconst after = 1',
  { value: 'Promise { 5 }' },
);
steps('a class is shown as Node shows it', 'class Shape {}\nShape', { value: '[class Shape]' });
steps('a symbol is shown', 'Symbol("s")', { value: 'Symbol(s)' });
steps('an error with a cause shows both', 'new Error("top", { cause: new TypeError("root") })', {
  value: /Error: top[\s\S]*cause[\s\S]*TypeError: root/,
});
flow('plain data is JSON too', async (session) => {
  const { results } = await session.run('({ a: [1, null, "x"], b: { c: true } })');
  expect(results[0]).toMatchObject({
    'application/json': { a: [1, null, 'x'], b: { c: true } },
    is_main_result: true,
  });
});
flow('values that are not plain JSON are text only', async (session) => {
  for (const code of [
    'new Map()',
    'new Date()',
    '({ f() {} })',
    '42',
    '"text"',
    'class A {}; new A()',
  ]) {
    expect(Object.keys((await session.run(code)).results[0] ?? {}).sort()).toEqual([
      'is_main_result',
      'text/plain',
    ]);
  }
});
steps('comments at both ends change nothing', '// first\n/* second */ 42 // last', { value: '42' });
steps('a template with code in it is a string', ['const who = "you";\n`for $', '{who}`'].join(''), {
  value: "'for you'",
});
steps('a regular expression is not a comment', '/\\/\\*/.test("/*")', { value: 'true' });
steps('a hashbang is a comment', '#!/usr/bin/env node\n42', { value: '42' });
steps(
  'lines without semicolons are separate statements',
  'const a1 = 1\nconst b1 = a1\n;[a1, b1]',
  {
    value: '[ 1, 1 ]',
  },
);

// Declarations: every pair of kinds
const kinds = {
  const: (value: string) => `const again = ${value}`,
  let: (value: string) => `let again = ${value}`,
  var: (value: string) => `var again = ${value}`,
  class: (value: string) => `class again { static toString() { return ${value} } }`,
  function: (value: string) => `function again() { return ${value} }`,
};
for (const [first, declare] of Object.entries(kinds)) {
  for (const [second, declareAgain] of Object.entries(kinds)) {
    flow(`${second} after ${first} declares the name again`, async (session) => {
      for (const code of [declare("'old'"), declareAgain("'new'")])
        expect((await session.run(code)).status).toBe('completed');
      const { results, error } = await session.run(
        second === 'class' ? 'String(again)' : second === 'function' ? 'again()' : 'again',
      );
      expect({ value: results[0]?.['text/plain'], error }).toEqual({ value: "'new'", error: null });
    });
  }
}
steps('a constant cannot be assigned to within its step', 'const fixed = 1\nfixed = 2', {
  error: { name: 'TypeError', message: 'Assignment to constant variable.' },
});
steps('declaring a name twice in one step is a syntax error', 'let twice = 1\nlet twice = 2', {
  error: { name: 'SyntaxError', message: /twice/ },
});
steps(
  'a function can be called before its line',
  'early()\nfunction early() { console.log("hoisted") }',
  { stdout: 'hoisted\n' },
);
steps('a name in a block stays in it', ['{ let hidden = 1 }', 'typeof hidden'], {
  value: "'undefined'",
});
steps(
  'destructuring with defaults declares each name',
  ['const { p, q: { r = 5 } = {}, ...rest } = { p: 1, s: 2 }', '[p, r, rest.s]'],
  { value: '[ 1, 5, 2 ]' },
);
flow('a failed step keeps each name that it declared, whatever its kind', async (session) => {
  const code =
    'const k1 = 1; let k2 = 2; var k3 = 3; class K4 {} function k5() {}\nthrow new Error("x")\nconst k6 = 6';
  expect((await session.run(code)).status).toBe('failed');
  expectResult(
    await session.run('[k1, k2, k3, typeof K4, typeof k5]'),
    { value: "[ 1, 2, 3, 'function', 'function' ]" },
    'node',
  );
});
steps(
  'a loop closure sees its own iteration',
  'const calls = []\nfor (let n = 0; n < 2; n++) calls.push(() => n)\ncalls.map((call) => call())',
  { value: '[ 0, 1 ]' },
);
steps(
  'a class with private fields and statics persists',
  [
    'class Box { #n = 1; static made = 0; get n() { return this.#n } }',
    'Box.made += 1\nnew Box().n + Box.made',
  ],
  { value: '2' },
);
steps(
  'a generator and an async generator persist',
  [
    'function* two() { yield 1; yield 2 }\nasync function* three() { yield 3 }',
    'const seen = [...two()]\nfor await (const n of three()) seen.push(n)\nseen',
  ],
  { value: '[ 1, 2, 3 ]' },
);

// The main realm
steps(
  'an array is an instance of Array',
  '[] instanceof Array && ({}) instanceof Object && (() => 1) instanceof Function',
  {
    value: 'true',
  },
);
steps(
  'an error of Node is an instance of Error',
  'let is\ntry { fs.readFileSync("/no/such") } catch (e) { is = e instanceof Error }\nis',
  {
    value: 'true',
  },
);
steps(
  'the globals of Node exist',
  '[fetch, Buffer, URL, structuredClone, AbortController, setTimeout, queueMicrotask].every((it) => typeof it === "function")',
  { value: 'true' },
);
steps(
  'require and module exist',
  '[typeof require, typeof require.resolve, typeof module, typeof exports, typeof __dirname]',
  { value: "[ 'function', 'function', 'object', 'object', 'string' ]" },
);
steps('this at top level is the global object', 'this === globalThis', { value: 'true' });
steps(
  'standard input is empty',
  'let got = ""\nfor await (const chunk of process.stdin) got += chunk\ngot',
  { value: "''" },
  { own: {} },
);

// Modules and packages
flow(
  'a CommonJS package and an ES module of node_modules are imported',
  async (session) => {
    install(session, 'minimist', ['nanoid', 'picocolors']);
    expectResult(
      await session.run('const minimist = require("minimist")\nminimist(["--a", "1"]).a'),
      { value: '1' },
      'node',
    );
    expectResult(
      await session.run('import minimist2 from "minimist"\nminimist2(["-b"]).b'),
      { value: 'true' },
      'node',
    );
    expectResult(
      await session.run('import { nanoid } from "nanoid"\nnanoid(10).length'),
      { value: '10' },
      'node',
    );
    expectResult(
      await session.run('const { nanoid: again } = await import("nanoid")\nagain(5).length'),
      { value: '5' },
      'node',
    );
    expectResult(
      await session.run(
        'import colors, { createColors } from "picocolors"\n[typeof colors.red, typeof createColors]',
      ),
      { value: "[ 'function', 'function' ]" },
      'node',
    );
    expectResult(
      await session.run('import * as all from "nanoid"\n"nanoid" in all'),
      { value: 'true' },
      'node',
    );
    expectResult(
      await session.run('import { noSuchThing } from "nanoid"'),
      { error: { name: 'SyntaxError', message: /noSuchThing/ } },
      'node',
    );
  },
  {},
);
flow(
  'an ES module is imported relative to the workspace',
  async (session) => {
    await session.put('lib/tool.mjs', 'export const twice = (n) => n * 2\nexport default "main"\n');
    expectResult(
      await session.run(
        'import main, { twice as double } from "./lib/tool.mjs"\n[main, double(21)]',
      ),
      { value: "[ 'main', 42 ]" },
      'node',
    );
    expectResult(
      await session.run(
        'process.chdir("/")\nconst { twice } = await import("./lib/tool.mjs")\ntwice(2)',
      ),
      { value: '4' },
      'node',
    );
  },
  {},
);
flow('a file that was written again is loaded anew by the next import', async (session) => {
  const files = {
    'again.mjs': 'export default ',
    'again.cjs': 'module.exports = ',
    'again.json': '',
  };
  for (const value of [1, 2, 3]) {
    for (const [path, text] of Object.entries(files)) await session.put(path, `${text}${value}\n`);
    const code =
      'import es from "./again.mjs"\nimport common from "./again.cjs"\nimport data from "./again.json" with { type: "json" }\n[es, common, data, require("./again.cjs"), require("./again.json")]';
    const all = Array(5).fill(value).join(', ');
    expectResult(await session.run(code), { value: `[ ${all} ]` }, 'node');
  }
});
flow('a JSON file of the workspace can be required', async (session) => {
  await session.put('conf.json', '{"a":1}');
  expectResult(await session.run('require("./conf.json").a'), { value: '1' }, 'node');
});
flow('import.meta has the path of the workspace', async (session) => {
  const { agent } = session;
  expectResult(
    await session.run('[import.meta.url.startsWith("file://"), import.meta.dirname]'),
    { value: `[ true, '${agent.workspace}' ]` },
    'node',
  );
});
steps(
  'built-in modules are imported with and without prefix',
  'import { sep } from "path"\nimport os from "node:os"\n[sep, typeof os.cpus]',
  { value: "[ '/', 'function' ]" },
);
steps('an import only for its effect runs', 'import "node:fs"\n42', { value: '42' });
steps('export before a declaration is ignored', ['export const shared = 5', 'shared'], {
  value: '5',
});

// TypeScript
steps(
  'types are stripped',
  'interface P { n: number }\nconst p: P = { n: 41 } as P\nfunction up<T extends number>(n: T): number { return n + 1 }\nup(p.n)',
  { value: '42' },
);
steps('a type declares nothing and shows nothing', 'type Id = string | number', {});
steps(
  'satisfies and non-null assertions are stripped',
  'const conf = { a: 1 } satisfies Record<string, number>\nconf.a!',
  {
    value: '1',
  },
);
steps('enums become objects', ['enum Colour { Red, Green = "g" }', '[Colour.Red, Colour.Green]'], {
  value: "[ 0, 'g' ]",
});
steps(
  'a namespace keeps what it exports, also for later steps',
  [
    'namespace Geo {\n  const two = 2\n  export namespace Circle { export const area = (r: number) => 3 * r ** two }\n}',
    '[Geo.Circle.area(2), typeof Geo.two]',
  ],
  { value: "[ 12, 'undefined' ]" },
);
steps(
  'decorators of classes, methods and fields are called as ECMAScript defines them',
  [
    'const seen = []\nfunction log(value: unknown, { kind, name }: DecoratorContext) { seen.push([kind, name].join(" ")) }',
    '@log class Logged {\n  @log field = 1\n  @log method() {}\n}\nseen',
  ],
  { value: "[ 'method method', 'field field', 'class Logged' ]" },
);
steps(
  'errors in decorated classes name the line, and no helper',
  'const same = (method) => method\nclass Decorated {\n  @same\n  fails() {\n    null.x\n  }\n}\nnew Decorated().fails()',
  { error: { name: 'TypeError', traceback: /fails.*:5:.*\n.*:8:\d+\)?$/ } },
);
steps('a type import is ignored', 'import type { Stats } from "node:fs"\n42', { value: '42' });
steps(
  'line numbers are right in TypeScript',
  'type A = {\n  a: number\n}\nthrow new Error("line four")',
  {
    error: { name: 'Error', traceback: /:4:\d+/ },
  },
);
steps(
  'a comparison is not parsed as a type',
  'const a2 = 1, b2 = 2, c2 = 3\na2 < b2 && b2 > (c2 - 2)',
  { value: 'true' },
);
steps('JSX is refused with a clear error', 'const el = <div>hi</div>', {
  error: { name: 'SyntaxError', message: /JSX/ },
});

// Syntax errors, and text that was pasted
for (const [code, message, caret] of [
  ['const later\n1', 'Missing initializer in const declaration', 'const later\n      ^^^^^'],
  ['foo bar baz(', "Unexpected identifier 'bar'", 'foo bar baz(\n    ^^^'],
  ['"open', 'Invalid or unexpected token', '"open\n^^^^^'],
  ['await 1\n1 = 2', 'Invalid left-hand side in assignment', '1 = 2\n^'],
  ['if (x) {', 'Unexpected end of input', 'if (x) {\n        ^'],
] as const) {
  flow(
    `a syntax error of JavaScript has the words and the caret of V8: ${code}`,
    async (session) => {
      const { error } = await session.run(code);
      expect(error).toMatchObject({ name: 'SyntaxError', message });
      expect(error?.traceback.slice(1, 3).join('\n')).toBe(caret);
    },
  );
}
steps('a byte order mark in front of a hashbang is skipped', '\ufeff#!/usr/bin/env node\n42', {
  value: '42',
});
steps('code between tildes, a Markdown fence, fails with advice', '~~~\n1\n~~~', {
  error: { name: 'SyntaxError', message: /Markdown fence: send only the lines inside/ },
});
steps('an error in text around a fence names the fence', 'Here it is:\n```js\n1\n```', {
  error: { name: 'SyntaxError', message: /identifier 'it'.*Markdown fence/ },
});

flow(
  '_error is the last error, also of syntax, until a step sets the name',
  async (session) => {
    await session.run('null.x');
    await session.run('5');
    const shows = '[_error.name, _error instanceof Error]';
    expectResult(await session.run(shows), { value: "[ 'TypeError', true ]" }, 'node');
    await session.run('let open = (');
    expectResult(await session.run(shows), { value: "[ 'SyntaxError', true ]" }, 'node');
    await session.run('let _error = 7');
    await session.run('null.x');
    expectResult(await session.run('_error'), { value: '7' }, 'node');
  },
  {},
);
steps(
  'a package can be named _',
  ["const _ = require('node:path').posix", '5', '_.sep'],
  {
    value: "'/'",
  },
  { own: {} },
);
steps(
  '`clearImmediate` ignores any other object',
  [
    'clearImmediate({}); clearImmediate(Object.create(null)); clearImmediate(7); clearImmediate()',
    'const cleared = setImmediate(() => console.log("never"))\nclearImmediate(cleared)\nawait new Promise((done) => setImmediate(done))\n42',
  ],
  { value: '42' },
  { own: {} },
);
// Errors
steps('a thrown string is reported', 'throw "just text"', {
  error: { name: 'Uncaught', message: "'just text'" },
});
steps('a thrown object is reported', 'throw { code: 7 }', {
  error: { name: 'Uncaught', message: '{ code: 7 }' },
});
steps('thrown undefined is reported', 'throw undefined', {
  error: { name: 'Uncaught', message: 'undefined' },
});
steps(
  'the cause of an error is in its traceback',
  'throw new Error("top", { cause: new TypeError("root") })',
  {
    error: { name: 'Error', traceback: /Error: top[\s\S]*\[cause\]: TypeError: root/ },
  },
);
steps(
  'a rejected await reports the line of its origin',
  'async function bad() {\n  await null\n  throw new Error("x")\n}\nawait bad()',
  { error: { name: 'Error', traceback: /bad.*:3:/ } },
);
steps('an error of Node keeps its message and code', 'fs.readFileSync("/no/such")', {
  error: { name: 'Error', message: /ENOENT/ },
});

// Output
steps(
  'console writes to the right stream',
  'console.log("l"); console.info("i"); console.debug("d"); console.warn("w"); console.error("e")',
  { stdout: 'l\ni\nd\n', stderr: 'w\ne\n' },
);
steps('console.log formats placeholders', 'console.log("%s is %d", "x", 42)', {
  stdout: 'x is 42\n',
});
steps('console.table prints a table', 'console.table([{ a: 1 }])', { stdout: /│ a │[\s\S]*│ 1 │/ });
steps(
  'console.dir and groups keep their indentation',
  'console.group("g"); console.dir({ a: 1 }); console.groupEnd(); console.log("out")',
  { stdout: 'g\n  { a: 1 }\nout\n' },
);
steps(
  'console.count and assert work',
  'console.count("c"); console.count("c"); console.assert(false, "bad")',
  {
    stdout: 'c: 1\nc: 2\n',
    stderr: 'Assertion failed: bad\n',
  },
);
steps('console.trace names no frame of ours', 'console.trace("here")', {
  stderr: /^Trace: here\n(?![\s\S]*(dist\/runtimes|worker\.cjs|control-thread))/,
});
steps(
  'a stream piped to standard output is captured',
  'const { Readable } = require("stream")\nawait new Promise((done) => Readable.from(["a", "b"]).on("end", done).pipe(process.stdout)); undefined',
  { stdout: 'ab' },
);

// Built-ins that user code replaces
for (const [what, code] of [
  ['of arrays', 'Array.prototype.map = Array.prototype.filter = Array.prototype.slice = refuse'],
  ['of iteration', 'Array.prototype[Symbol.iterator] = Map.prototype[Symbol.iterator] = refuse'],
  ['of Object', 'Object.keys = Object.entries = Object.defineProperty = Object.assign = refuse'],
  ['of Reflect and Function', 'Reflect.get = Reflect.apply = Function.prototype.bind = refuse'],
  ['of JSON', 'JSON.stringify = JSON.parse = refuse'],
  ['of maps and sets', 'Map.prototype.get = Map.prototype.set = Set.prototype.has = refuse'],
  ['of promises', 'Promise.prototype.then = Promise.prototype.catch = Promise.resolve = refuse'],
  ['of strings', 'String.prototype.replace = String.prototype.split = "".at.call = refuse'],
  ['of regular expressions', 'RegExp.prototype.exec = RegExp.prototype[Symbol.replace] = refuse'],
  ['of clocks and timers', 'performance.now = Date.now = setTimeout = setImmediate = refuse'],
  ['of Buffer', 'Buffer.from = Buffer.byteLength = Buffer.prototype.toString = refuse'],
  ['of process', 'process.cpuUsage = process.cwd = process.nextTick = process.emit = refuse'],
  ['of modules', 'fs.writeSync = util.inspect = vm.Script.prototype.runInThisContext = refuse'],
  [
    'of events',
    'events.prototype.emit = events.prototype.on = events.prototype.listeners = refuse',
  ],
  ['itself', 'Object = String = Promise = Map = Set = Reflect = JSON = Buffer = undefined'],
  ['of every object', 'Object.prototype.get = Object.prototype.value = refuse'],
] as const) {
  flow(
    `a replaced built-in (${what}) leaves later steps whole`,
    async (session) => {
      await session.run(`const refuse = () => { throw new Error("replaced") }\n${code}\nundefined`);
      const expected = { stdout: 'shown\n', value: '{ kept: 41 }' };
      const shows = 'const kept = 41\nconsole.log("shown")\nawait null\n;({ kept })';
      expectResult(await session.run(shows), expected, 'node');
      expectResult(
        await session.run('function inner() { null.x }\ninner()'),
        { error: { name: 'TypeError', traceback: /inner[\s\S]*:1:25[\s\S]*:2:1$/ } },
        'node',
      );
      expectResult(await session.run('(async () => kept + 1)()'), { value: '42' }, 'node');
      const bundle = { 'application/json': { a: [1] }, 'text/plain': '{ a: [ 1 ] }' };
      const { results } = await session.run('display.json({ a: [1] })');
      expect(results[0]).toMatchObject(bundle);
    },
    {},
  );
}
flow(
  'a replaced `write` of standard output gets what is printed, and nothing of the driver',
  async (session) => {
    await session.run('const seen = []\nprocess.stdout.write = (text) => seen.push(text)');
    expectResult(
      await session.run('console.log("mine")\nseen'),
      { value: "[ 'mine\\n' ]" },
      'node',
    );
  },
  {},
);
steps(
  'a loop that prints many lines takes no memory for each',
  'const used = () => process.memoryUsage().heapUsed\nconst usedBefore = used()\nfor (let n = 0; n < 300_000; n++) console.log("")\nused() - usedBefore < 24 * 2 ** 20',
  { stdout: '\n'.repeat(300_000), value: 'true' },
);
steps(
  'callbacks of writes are called after the write, in order, also after one that throws',
  [
    'const calls = []\nconst a = () => calls.push("a")\nconst b = () => { calls.push("b"); throw new Error("b") }\nfor (const callback of [a, a, b, b, a]) process.stdout.write(".", callback)\ncalls.push("sync")\nvoid 0',
    'calls.join(" ")',
  ],
  { value: "'sync a a b b a'" },
);
flow(
  'a step whose end throws still ends, and the error is a background error',
  async (session) => {
    const code =
      'process.env = new Proxy({ ...process.env }, { get() { throw new RangeError("no variables") } }); 42';
    const { status, results } = await session.run(code, { env: { GIVEN: 'a' } });
    expect([status, results[0]?.['text/plain']]).toEqual(['completed', '42']);
    await session.run('process.env = {}');
    const errors = (await session.list()).flatMap((step) => step.background?.errors ?? []);
    expect(errors.map(({ message }) => message)).toEqual(['no variables']);
  },
  {},
);
steps(
  'an error whose class has a name that is not a string is reported',
  'throw new (class extends Error { static name = 5 })("odd")',
  { error: { name: 'Error', message: 'odd' } },
);
steps(
  'errors and functions of the driver belong to the realm of user code',
  'const fixed2 = 1; let thrown\ntry { fixed2 = 2 } catch (error) { thrown = error }\n[thrown instanceof TypeError, display instanceof Function, setTimeout instanceof Function, process.stdout.write instanceof Function]',
  { value: '[ true, true, true, true ]' },
);

// Waits that nothing can end
for (const [what, code] of [
  ['a promise that nothing settles', 'await new Promise(() => {})'],
  ['a promise that is the last value', 'new Promise(() => {})'],
  [
    'a promise after a timer',
    'await new Promise((done) => setTimeout(done, 50))\nawait new Promise(() => {})',
  ],
  [
    'a question on standard input',
    'const rl = require("readline/promises").createInterface({ input: process.stdin })\nawait rl.question("name? ")',
  ],
  ['an event that nothing emits', 'await events.once(new events.EventEmitter(), "never")'],
] as const) {
  flow(`${what} fails the step at once, and memory is kept`, async (session) => {
    await session.run('var kept = 41');
    const { error } = await session.run(code);
    expect(error).toMatchObject({
      name: 'UnsettledAwait',
      message: expect.stringMatching('nothing can settle'),
    });
    expectResult(await session.run('kept + 1'), { value: '42' }, 'node');
  });
}

// Background
flow(
  'an unhandled rejection is a background error',
  async (session) => {
    await session.run('Promise.reject(new RangeError("astray")); undefined');
    const { background, status } = await session.run(
      'await new Promise((done) => setTimeout(done, 50)); undefined',
    );
    const first = (await session.list()).flatMap((step) => step.background?.errors ?? []);
    expect([
      status,
      [...first, ...(background?.errors ?? [])].some(({ message }) => message === 'astray'),
    ]).toEqual(['completed', true]);
  },
  {},
);
flow(
  'an exception in a timer is a background error, and the session survives',
  async (session) => {
    await session.run('setTimeout(() => { throw new RangeError("late") }, 5); undefined');
    const { background } = await session.run(
      'await new Promise((done) => setTimeout(done, 100)); undefined',
    );
    // On a busy machine the timer may be due before the first step has ended.
    const first = (await session.list()).flatMap((step) => step.background?.errors ?? []);
    expect([...first, ...(background?.errors ?? [])]).toContainEqual(
      expect.objectContaining({ name: 'RangeError', message: 'late' }),
    );
    expectResult(await session.run('40 + 2'), { value: '42' }, 'node');
  },
  {},
);
steps(
  'a rejection that is handled in time is not an error',
  'const p1 = Promise.reject(new Error("x"))\np1.catch(() => console.log("handled"))\nawait null; undefined',
  { stdout: 'handled\n' },
);
steps(
  'worker threads run, and their output is captured',
  'const { Worker } = require("worker_threads")\nconst thread = new Worker("require(\\"worker_threads\\").parentPort.postMessage(41 + 1)", { eval: true })\nawait new Promise((done) => thread.on("message", done))',
  { value: '42' },
);
steps(
  'setImmediate, nextTick and microtasks run in a step',
  'const order = []\nprocess.nextTick(() => order.push("tick"))\nsetImmediate(() => order.push("immediate"))\nawait new Promise((done) => setTimeout(done, 10))\norder',
  { value: "[ 'tick', 'immediate' ]" },
);

// Interrupts
const timedOut = { status: 'timed_out', error: { name: 'StepTimedOut' } } as const;
for (const [what, code] of [
  ['a microtask storm', 'const storm = () => Promise.resolve().then(storm)\nawait storm()'],
  ['a loop in a then', 'await Promise.resolve().then(() => { while (true) {} })'],
  [
    'a loop in an interval',
    'setInterval(() => { while (true) {} }, 1)\nawait new Promise(() => {})',
  ],
  [
    'a nextTick storm',
    'const storm2 = () => process.nextTick(storm2)\nstorm2()\nawait new Promise(() => {})',
  ],
  ['a loop in a getter', '({ get a() { while (true) {} } }).a'],
  ['a loop in a proxy', 'new Proxy({}, { get() { while (true) {} } }).x'],
  ['a loop in a class constructor', 'new (class { constructor() { while (true) {} } })()'],
  ['a loop in a generator', '[...(function* () { while (true); })()]'],
  ['JSON without end', 'JSON.stringify({ toJSON() { while (true) {} } })'],
  ['a replace without end', '"x".replace(/x/, () => { while (true) {} })'],
  ['Atomics.wait', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'],
  [
    'a for await that never receives a value',
    'setTimeout(() => {}, 60_000)\nfor await (const _ of (async function* () { await new Promise(() => {}) })());',
  ],
] as const) {
  flow(
    `${what} is ended by the time limit, and memory is kept`,
    async (session) => {
      await session.run('const kept = 41');
      expectResult(await session.run(code, { timeout_ms: 150 }), timedOut, 'node');
      expectResult(await session.run('kept + 1'), { value: '42' }, 'node');
    },
    {},
  );
}
flow(
  'a full heap ends the interpreter, and that is reported',
  async (session) => {
    const result = await session.run(
      'const all = []\nwhile (true) all.push(new Array(1000).fill({}).map((x) => ({ ...x })))',
    );
    expectResult(
      result,
      { stderr: /(?:)/, error: { name: 'OutOfMemory' }, stateLost: true, epoch: 2 },
      'node',
    );
    expectResult(await session.run('40 + 2'), { value: '42', epoch: 2 }, 'node');
  },
  { memoryBytes: 128 * 1024 * 1024 },
);
