import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleRuntime } from './testing/bundle-runtime.ts';
import { type FakeAgent, startFakeAgent } from './testing/fake-agent.ts';

let runtimeDir: string;
let agent: FakeAgent;

beforeAll(async () => {
  runtimeDir = await bundleRuntime();
  agent = await startFakeAgent(runtimeDir);
  await agent.start(1);
  const files = {
    'node_modules/old-package/index.js': 'exports.old = 1',
    'node_modules/new-package/package.json': '{"type":"module","exports":"./index.js"}',
    'node_modules/new-package/index.js': 'export const fresh = 2; export default 3',
    'data.json': '{"from":"json"}',
    'file.cjs': 'exports.loads = (globalThis.loads = (globalThis.loads ?? 0) + 1)',
    'side-effect.mjs': 'globalThis.sideEffect = true',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(agent.workspace, path, '..'), { recursive: true });
    writeFileSync(join(agent.workspace, path), text);
  }
});
afterAll(async () => {
  await agent.close();
  rmSync(runtimeDir, { recursive: true });
});

/** The value of the last step in each list is compared as text. */
const values: Record<string, [steps: string[], text: string]> = {
  'class fields': [
    [
      'class A { #p = 1; static s = 2; get p() { return this.#p } static { this.t = 3 } }',
      '[new A().p, A.s, A.t]',
    ],
    '[ 1, 2, 3 ]',
  ],
  'labelled statements': [
    [
      'outer: for (const i of [1, 2, 3]) { for (;;) { if (i === 2) break outer; i; continue outer } }',
    ],
    '1',
  ],
  generators: [['function* gen() { yield 1; yield* [2, 3] }', '[...gen()]'], '[ 1, 2, 3 ]'],
  'a top-level for await': [
    [
      'const all = []; for await (const x of (async function* () { yield 1; yield 2 })()) all.push(x)',
      'all',
    ],
    '[ 1, 2 ]',
  ],
  'await in a completion value': [['switch (await 3) { case 3: await "three"; break }'], "'three'"],
  'a directive': [["'use strict'; (function () { return this })()"], 'undefined'],
  'a deep destructuring': [
    ['let { x: { y: deep = 4 } = {}, ...rest } = { z: 1 }', '[deep, rest]'],
    '[ 4, { z: 1 } ]',
  ],
  'an import with attributes': [
    ["import data from './data.json' with { type: 'json' }", 'data.from'],
    "'json'",
  ],
  'an import for its effect': [["import './side-effect.mjs'", 'sideEffect'], 'true'],
  'a namespace import': [
    ["import * as ns from 'new-package'", '[ns.fresh, ns.default]'],
    '[ 2, 3 ]',
  ],
  'a default and a named import': [
    [
      "import d, { fresh } from 'new-package'; import old from 'old-package'",
      '[d, fresh, old.old]',
    ],
    '[ 3, 2, 1 ]',
  ],
  'require of a package and of JSON': [
    ["[require('old-package').old, require('./data.json').from]"],
    "[ 1, 'json' ]",
  ],
  'the module cache': [["require('./file.cjs')", "require('./file.cjs').loads"], '1'],
  'a module loaded anew': [
    ["delete require.cache[require.resolve('./file.cjs')]; require('./file.cjs').loads"],
    '2',
  ],
  'an export in front of a declaration': [
    ['export const exported = 5; export default function shown() {}', '[exported, typeof shown]'],
    "[ 5, 'function' ]",
  ],
  'an export from a module': [
    ["export { fresh as other } from 'new-package'; export * from 'fs'; 1"],
    '1',
  ],
  'a value in front of imports and exports': [
    ["6; import 'fs'; export { join } from 'path'; export const alsoExported = 7"],
    '6',
  ],
  'the main module': [
    [
      '[require.main === module, import.meta.filename === __filename, import.meta.dirname === __dirname]',
    ],
    '[ true, true, true ]',
  ],
  'import.meta.resolve': [
    ["import.meta.resolve('new-package').endsWith('node_modules/new-package/index.js')"],
    'true',
  ],
  'types and satisfies': [
    [
      'interface I { a: number }; type T = I & { b?: string }; const typed: T = { a: 1 } satisfies T',
      'typed',
    ],
    '{ a: 1 }',
  ],
  'an enum, translated': [
    ["enum Color { Red, Green = 'g' }", '[Color.Red, Color[0], Color.Green]'],
    "[ 0, 'Red', 'g' ]",
  ],
  'a const enum': [['const enum Level { Low = 1 }', 'Level.Low'], '1'],
  'parameter properties': [
    ['class P { constructor(public a: number, private readonly b = 2) {} }', 'new P(1)'],
    'P { a: 1, b: 2 }',
  ],
  'overloads and abstract classes': [
    [
      'function o(a: string): void; function o(a: any) { return a } abstract class Q { abstract f(): void }',
      '[o(4), typeof Q]',
    ],
    "[ 4, 'function' ]",
  ],
  'a namespace in a namespace, and its private names': [
    [
      'namespace Geo {\n  const two = 2;\n  export const pi = 3;\n  export namespace Inner { export const area = (r: number) => pi * r ** two }\n}',
      '[Geo.pi, Geo.Inner.area(2), Object.keys(Geo)]',
    ],
    "[ 3, 12, [ 'pi', 'Inner' ] ]",
  ],
  'a namespace that a later step declares again': [
    ['namespace Twice { export const a = 1 }', 'namespace Twice { export const b = 2 }', 'Twice'],
    '{ b: 2 }',
  ],
  'decorators of a class, a method and a field': [
    [
      'const seen: string[] = [];\nfunction log(value: unknown, { kind, name }: DecoratorContext) { seen.push([kind, name].join(" ")) }',
      '@log class Logged {\n  @log field = 1;\n  @log method() { return this.field }\n}\n[new Logged().method(), seen]',
    ],
    "[ 1, [ 'method method', 'field field', 'class Logged' ] ]",
  ],
  'a decorator of a class with static members': [
    [
      'const tag = (value, { kind }) => { value.tagged = kind }',
      '@tag class Tagged { static count: number = 1; static declared; own; static twice() { return 2 * Tagged.count } }',
      '[Tagged.tagged, Tagged.count, Tagged.twice(), Tagged.name, Object.keys(new Tagged())]',
    ],
    "[ 'class', 1, 2, 'Tagged', [ 'own' ] ]",
  ],
  'a decorator that replaces a class, in a later step': [
    [
      'class Other {}\n@(() => Other)\nexport class Replaced { same() { return Replaced === Other } }',
      '[Replaced === Other, new Replaced() instanceof Other]',
    ],
    '[ true, true ]',
  ],
  'a decorator that replaces a method, in JavaScript': [
    [
      'const twice = (method) => function (...given) { return 2 * method.apply(this, given) }',
      'class Doubled { @twice one() { return 1 } }',
      'new Doubled().one()',
    ],
    '2',
  ],
  'an accessor field': [['class WithAccessor { accessor x = 4 }', 'new WithAccessor().x'], '4'],
  'enums of all kinds': [
    [
      'enum Plain { A, B = 4, C }\nconst enum Shifted { D = 1 << 2, E }\nexport enum Text { F = "f" }\ndeclare enum Declared { G }',
      '[Plain.C, Plain[4], Shifted.E, Text.F]',
    ],
    "[ 5, 'B', 5, 'f' ]",
  ],
  'a byte order mark in front of code': [['\ufeffconst marked = 1; marked'], '1'],
  'code pasted with the prompts of the REPL': [
    ['> function pasted(n) {\n...   return n + 1\n... }\n> pasted(1)'],
    '2',
  ],
  'three tildes in front of a number': [['~~~5\n'], '-6'],
  'a declared namespace': [
    ['declare namespace N { const x: number }\nlet declared: number = 1', 'declared'],
    '1',
  ],
};

for (const [name, [steps, text]] of Object.entries(values)) {
  it(`runs ${name}`, async () => {
    for (const step of steps.slice(0, -1)) expect((await agent.run(step)).done.error).toBeNull();
    const { shown, done } = await agent.run(steps.at(-1) ?? '');
    expect(done.error).toBeNull();
    expect(shown.at(-1)?.bundle['text/plain'] ?? 'undefined').toBe(text);
  });
}

describe('rejects with an explanation', () => {
  const refused: [code: string, line: number, message: string][] = [
    [
      'const el = <div className="x">hello</div>',
      1,
      'JSX is not supported: compile it, or call createElement',
    ],
    [
      '1;\nfunction App() { return <><b>hi</b></> }',
      2,
      'JSX is not supported: compile it, or call createElement',
    ],
    [
      '1;\nclass D { constructor(@inject given) {} }',
      2,
      'Decorators cannot be used to decorate parameters.',
    ],
    [
      '\n```js\n1\n```',
      2,
      'The code is in a Markdown fence: send only the lines inside ``` and ```',
    ],
    ['~~~\n1\n~~~', 1, 'The code is in a Markdown fence: send only the lines inside ``` and ```'],
    [
      'Here it is:\n```js\n1\n```',
      1,
      "Unexpected identifier 'it'. The code has a Markdown fence in it: send only the lines inside ``` and ```",
    ],
  ];
  for (const [code, line, message] of refused) {
    it(`the code ${JSON.stringify(code)}`, async () => {
      const { error } = (await agent.run(code)).done;
      expect(error).toMatchObject({ name: 'SyntaxError', message });
      expect(error?.traceback[0]).toMatch(new RegExp(`^<step \\d+>:${line}$`));
    });
  }

  it('code that the parser accepts and this V8 may not, without the rewritten source', async () => {
    const { error } = (await agent.run('1;\n{ using later = null; later }')).done;
    if (error)
      expect(error.traceback).toEqual([
        expect.stringMatching(/^<step \d+>:2$/),
        '',
        `SyntaxError: ${error.message}`,
      ]);
  });
});

it('shows errors in a namespace and in a decorated class at the user’s line', async () => {
  const code =
    'namespace Bad {\n  export interface I {\n    a: number\n  }\n  export function fails(): never {\n    throw new Error("bad")\n  }\n}\nBad.fails()';
  const { error } = (await agent.run(code)).done;
  expect(error?.traceback.join('\n')).toMatch(/<step \d+>:6:[\s\S]*<step \d+>:9:/);
  const decorated =
    'const same = (method) => method\nclass Decorated {\n  @same\n  fails() {\n    null.x\n  }\n}\nnew Decorated().fails()';
  const traceback = (await agent.run(decorated)).done.error?.traceback.join('\n');
  expect(traceback).toMatch(/<step \d+>:5:[\s\S]*<step \d+>:8:/);
  expect(traceback).not.toContain('applyDec');
});

it('shows the error of a decorator without the functions that call it', async () => {
  const code = 'class Refused {\n  @(() => { throw new RangeError("no") })\n  method() {}\n}';
  const { error } = (await agent.run(code)).done;
  const functions = error?.traceback.map((line) => line.replace(/\(?<.*$/, '').trim());
  expect(functions).toEqual(['RangeError: no', 'at', 'at', 'at']);
});

it('shows errors in TypeScript code at the user’s line', async () => {
  const { error } = (
    await agent.run(
      'interface A {\n  a: number;\n}\nconst wide: A = { a: 1 };\nthrow new Error(String(wide.a as number))',
    )
  ).done;
  expect(error?.traceback[1]).toMatch(/<step \d+>:5:7/);
});

it('loads a file anew that was written since, however it is named', async () => {
  const names = ['changing.mjs', 'changing.cjs', 'changing.json', 'other.js'];
  const write = (value: number): void => {
    const texts = [`export default ${value}`, ...Array(3).fill(`module.exports = ${value}`)];
    texts[2] = String(value);
    for (const [index, name] of names.entries())
      writeFileSync(join(agent.workspace, name), texts[index] ?? '');
  };
  const imports = `[(await import('./changing.mjs')).default, (await import('./changing.cjs')).default, (await import('./changing.json', { with: { type: 'json' } })).default, (await import(\`file://\${__dirname}/other.js\`)).default]`;
  const requires = "['./changing.cjs', './changing', './changing.json', './other.js'].map(require)";
  // Each comes first in one of the rounds.
  for (const [value, code] of [imports, requires, requires, imports].entries()) {
    write(value);
    for (const loads of [code, imports, requires]) {
      const { shown, done } = await agent.run(loads);
      expect(done.error).toBeNull();
      expect(shown[0]?.bundle['application/json']).toEqual(Array(4).fill(value));
    }
  }
});

it('loads a file once until it changes, and files of packages once', async () => {
  writeFileSync(
    join(agent.workspace, 'once.mjs'),
    'globalThis.times = (globalThis.times ?? 0) + 1',
  );
  writeFileSync(join(agent.workspace, 'node_modules/old-package/index.js'), 'exports.old = 1');
  await agent.run("import './once.mjs'");
  const before = "const kept = require('old-package'); const twice = await import('./once.mjs')";
  await agent.run(before);
  writeFileSync(join(agent.workspace, 'node_modules/old-package/index.js'), 'exports.old = 22');
  const { shown } = await agent.run(
    "[times, twice === await import('./once.mjs'), kept === require('old-package'), (await import('./once.mjs?2')) === twice]",
  );
  expect(shown[0]?.bundle['text/plain']).toBe('[ 1, true, true, false ]');
});

it('loads a module whose error was corrected', async () => {
  const path = join(agent.workspace, 'corrected.mjs');
  writeFileSync(path, 'export const = 1');
  expect((await agent.run("import { x } from './corrected.mjs'")).done.error?.name).toBe(
    'SyntaxError',
  );
  writeFileSync(path, 'export const x = 7');
  const { shown } = await agent.run("import { x } from './corrected.mjs'; x");
  expect(shown[0]?.bundle['text/plain']).toBe('7');
});
