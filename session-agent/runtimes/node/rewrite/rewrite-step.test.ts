import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createStepCaller, declareNames } from '../run/call-step.ts';
import { createStepGate } from '../step-gate.ts';
import { createKnownNames, type KnownNames } from './declared-names.ts';
import { constantsGuard } from './driver-globals.ts';
import { rewriteStep } from './rewrite-step.ts';

/** Names are global in these tests too, so each test uses its own names. */
const call = createStepCaller(globalThis, createStepGate());
let names = 0;
const fresh = (): string => {
  names += 1;
  return `testName${names}`;
};

Object.defineProperty(globalThis, constantsGuard, {
  value: (getters: Record<string, () => unknown>) => {
    const holder = {};
    for (const [name, get] of Object.entries(getters)) {
      const set = (): never => {
        throw new TypeError(`constant ${name}`);
      };
      Object.defineProperty(holder, name, { get, set });
    }
    return holder;
  },
});

async function runSteps(...steps: string[]): Promise<unknown> {
  const known: KnownNames = createKnownNames();
  let value: unknown;
  for (const [index, code] of steps.entries()) {
    const program = rewriteStep(code, `<step ${index + 1}>`, known);
    declareNames(program.names);
    [value] = await call(program);
  }
  return value;
}

describe('declaring a name again', () => {
  const declarations = {
    const: (name: string, value: number) => `const ${name} = () => ${value}`,
    let: (name: string, value: number) => `let ${name} = () => ${value}`,
    var: (name: string, value: number) => `var ${name} = () => ${value}`,
    function: (name: string, value: number) => `function ${name}() { return ${value} }`,
    class: (name: string, value: number) => `class ${name} { static value = ${value} }`,
  };
  const read = (name: string): string => `${name}.value ?? ${name}()`;

  for (const [first, declareFirst] of Object.entries(declarations)) {
    for (const [second, declareSecond] of Object.entries(declarations)) {
      it(`works from ${first} to ${second}, and earlier code sees the new value`, async () => {
        const name = fresh();
        const steps = [
          `${declareFirst(name, 1)}; globalThis.${name}Reader = () => ${read(name)}`,
          declareSecond(name, 2),
          `${name}Reader()`,
        ];
        expect(await runSteps(...steps)).toBe(2);
      });
    }
  }

  it('keeps the names that a destructuring declares, with defaults and rests', async () => {
    const [a, b, c] = [fresh(), fresh(), fresh()];
    expect(
      await runSteps(
        `const { ${a}, x: [${b} = 5, ...${c}] } = { ${a}: 1, x: [undefined, 7, 8] }`,
        `[${a}, ${b}, ${c}]`,
      ),
    ).toEqual([1, 5, [7, 8]]);
  });

  it('keeps an earlier value for `var x;` and resets it for `let x;`', async () => {
    const [kept, reset] = [fresh(), fresh()];
    expect(
      await runSteps(
        `var ${kept} = 1; let ${reset} = 1`,
        `var ${kept}; let ${reset}`,
        `[${kept}, ${reset}]`,
      ),
    ).toEqual([1, undefined]);
  });

  it('keeps a `var` in a block, a loop and a branch without braces', async () => {
    const [a, b, c] = [fresh(), fresh(), fresh()];
    await runSteps(`{ var ${a} = 1 } for (var ${b} of [2]) {} if (true) var ${c} = 3`);
    expect(vm.runInThisContext(`[${a}, ${b}, ${c}]`)).toEqual([1, 2, 3]);
  });
});

describe('a constant', () => {
  for (const assignment of [
    'NAME = 2',
    'NAME++',
    '[NAME] = [2]',
    '({ NAME } = { NAME: 2 })',
    'for (NAME of [2]);',
    '(() => { NAME += 1 })()',
  ]) {
    it(`cannot be changed in its own step by ${assignment}`, async () => {
      const name = fresh();
      const step = `const NAME = 1; ${assignment}`.replaceAll('NAME', name);
      await expect(runSteps(step)).rejects.toThrow(TypeError);
      expect(vm.runInThisContext(name)).toBe(1);
    });
  }

  it('does not prevent assignments to a name that hides it', async () => {
    const name = fresh();
    expect(
      await runSteps(`const ${name} = 1; ((${name}) => { ${name} = 2; return ${name} })(0)`),
    ).toBe(2);
  });
});

describe('functions', () => {
  it('can be called above their declaration, and keep their text and name', async () => {
    const name = fresh();
    expect(
      await runSteps(
        `const [before] = [${name}()]; function ${name}() { return 1 }\n[before, ${name}.name, String(${name})]`,
      ),
    ).toEqual([1, name, `function ${name}() { return 1 }`]);
  });

  it('call the latest definition of their own name', async () => {
    const name = fresh();
    expect(
      await runSteps(
        `function ${name}(n) { return n ? ${name}(0) : 'own' }`,
        `const inner = ${name}; ${name} = () => 'new'; inner(1)`,
      ),
    ).toBe('new');
  });
});

describe('a function in a block', () => {
  const blocks = [
    '{ BODY }',
    'if (true) { BODY }',
    'switch (1) { case 1: BODY }',
    'try { BODY } finally {}',
    'for (const a of [1]) { BODY }',
  ];
  for (const block of blocks) {
    it(`is visible in later steps: ${block}`, async () => {
      const name = fresh();
      expect(
        await runSteps(block.replace('BODY', `function ${name}() { return 1 }`), `${name}()`),
      ).toBe(1);
      expect(
        await runSteps(
          `await null; ${block.replace('BODY', `function ${name}() { return 2 }`)}; ${name}()`,
        ),
      ).toBe(2);
    });
  }

  it('stays in its block in strict mode, and if an enclosing block declares its name', async () => {
    const [strict, taken] = [fresh(), fresh()];
    await expect(runSteps(`'use strict'; { function ${strict}() {} }`, strict)).rejects.toThrow(
      'is not defined',
    );
    expect(
      await runSteps(`let ${taken} = 1`, `{ let ${taken} = 2; { function ${taken}() {} } }`, taken),
    ).toBe(1);
  });
});

describe('the completion value', () => {
  const cases: [code: string, value: unknown][] = [
    ['1; 2;', 2],
    ['2; // comment', 2],
    ['(1, 2)', 2],
    ['{ a: 1 }', { a: 1 }],
    ['/* an object */ { a: 1, b: { c: 2 } };', { a: 1, b: { c: 2 } }],
    ['{ let a = 1; a }', 1],
    ['{}', {}],
    ['if (true) { 1 } else { 2 }', 1],
    ['for (let i = 0; i < 3; i++) i', 2],
    ['let t = 0; while (t < 3) { t += 1 }', 3],
    ['try { throw 1 } catch { 2 } finally { 3 }', 2],
    ['switch (1) { case 1: "one"; break; default: "other" }', 'one'],
    ['outer: for (const a of [1, 2]) { if (a === 2) break outer; a }', 1],
    ['if (await true) { await 5 }', 5],
    ['for await (const v of [1, Promise.resolve(2)]) v', 2],
    ['const unused = 1', undefined],
    ['4; function after() {}', 4],
    ['5; var testAfter = 2; let testLater; class TestAfter {}', 5],
    ['"a"; {}', 'a'],
    ['6; { let inner = 1; { function innermost() {} } } ; debugger; label: {}', 6],
    ['7; if (true) {}', undefined],
    ['9; export default function testDefault() {}', 9],
    ['9; export default 10', 10],
    ['"use strict"; this', globalThis],
    ['"only a text"', 'only a text'],
    ['"use strict"', 'use strict'],
    ['', undefined],
  ];
  for (const [code, value] of cases)
    it(`of ${JSON.stringify(code)}`, async () => expect(await runSteps(code)).toEqual(value));

  it('is found quickly after comments that could match in many ways', async () => {
    const comments = `${'/'.repeat(80)}\n${'/**/'.repeat(40)}\n`;
    expect(await runSteps(`${comments}{ Number }\n${comments}Number(3)`)).toBe(3);
    expect(await runSteps(`${comments}{ a: 1 };\n${comments}`)).toEqual({ a: 1 });
  });

  it('can be a promise', async () => {
    expect(await runSteps('globalThis.testPromise = Promise.resolve(1); [testPromise]')).toEqual([
      expect.any(Promise),
    ]);
    const [value] = await call(rewriteStep('testPromise', '<step 1>', createKnownNames()));
    expect(value).toBeInstanceOf(Promise);
  });

  it('leaves an anonymous function anonymous', async () => {
    expect(await runSteps('(() => 1)')).toHaveProperty('name', '');
  });
});

describe('lines and columns', () => {
  it('does not continue the expression on the line above', async () => {
    const name = fresh();
    expect(
      await runSteps(`let ${name} = 1\nconst [a${name}] = [2]\nvar { length } = 'abc'\nlength`),
    ).toBe(3);
  });

  it('keeps every line at its position', () => {
    const code = "import a, {\n  b,\n} from 'fs';\nfunction f() {\n  return 1;\n}\nconst x = 1;\nx";
    const { main, functions } = rewriteStep(code, '<step 1>', createKnownNames());
    expect(main.split('\n')[6]).toContain('x = 1');
    expect(functions?.split('\n')[4]).toBe('  return 1;');
  });
});

describe('TypeScript', () => {
  it('is stripped if the code is not valid JavaScript', async () => {
    const name = fresh();
    expect(
      await runSteps(`interface A { a: number }\nconst ${name}: A = { a: 1 } as A;\n${name}.a`),
    ).toBe(1);
  });

  it('is stripped if type arguments parse as comparisons', async () => {
    expect(await runSteps('const identity = <T>(value: T) => value', 'identity<number>(5)')).toBe(
      5,
    );
  });

  it('is stripped if a type keyword such as string is a type argument', async () => {
    expect(
      await runSteps(
        'const second = <T, U>(first: T, value: U) => value',
        '[second<string, Date>("a", 5)]',
      ),
    ).toEqual([5]);
  });

  it('is not assumed for two comparisons', async () => {
    const [a, b, c, d] = [fresh(), fresh(), fresh(), fresh()];
    expect(await runSteps(`let ${a}=1,${b}=2,${c}=3,${d}=4; [${a}<${b}, ${c}>(${d})]`)).toEqual([
      true,
      false,
    ]);
    expect(await runSteps(`'${a}<string>(x)'; [${a}<${b}, "f<T>(x)", ${c}>(${d})]`)).toEqual([
      true,
      'f<T>(x)',
      false,
    ]);
  });

  it('creates a new object each time an enum is declared', async () => {
    const name = fresh();
    expect(
      await runSteps(`enum ${name} { A, B }`, `enum ${name} { C }`, `Object.keys(${name})`),
    ).toEqual(['0', 'C']);
  });

  it('keeps an import that only a later step uses', () => {
    expect(
      rewriteStep("import { join } from 'path'; let x: number = 1", '<step 1>', createKnownNames())
        .main,
    ).toContain('join');
  });
});

describe('code that cannot be parsed', () => {
  const cases: [code: string, message: string, place: string, caret: string][] = [
    ['let a = 1;\nlet b = ;', "Unexpected token ';'", '<step 1>:2', '        ^'],
    ['f(', 'Unexpected end of input', '<step 1>:1', '  ^'],
    [
      "const t = '<p>hi</p>'; const t = 2",
      "Identifier 't' has already been declared",
      '<step 1>:1',
      `${' '.repeat(29)}^`,
    ],
    [
      'let q: Array<string> = [];\nconst q = 5',
      "Identifier 'q' has already been declared",
      '<step 1>:2',
      '      ^',
    ],
    [
      '/(?<n>a)(?<n>b)/',
      'Invalid regular expression: /(?<n>a)(?<n>b)/: Duplicate capture group name',
      '<step 1>:1',
      '^'.repeat(16),
    ],
    [
      'let a: number = 1;\nfunction f(){ await x }',
      'await is only valid in async functions and the top level bodies of modules',
      '<step 1>:2',
      `${' '.repeat(20)}^`,
    ],
    [
      'await 1;\nconst a = 1, c;',
      'Missing initializer in const declaration',
      '<step 1>:2',
      `${' '.repeat(13)}^`,
    ],
    ['foo bar baz(', "Unexpected identifier 'bar'", '<step 1>:1', '    ^^^'],
    ['if (x) {\n', 'Unexpected end of input', '<step 1>:2', '^'],
    ['const later\n', 'Missing initializer in const declaration', '<step 1>:1', '      ^^^^^'],
    ['import fs from "fs"\nlet y = ;', "Unexpected token ';'", '<step 1>:2', '        ^'],
    ['export const z = ;', "Unexpected token ';'", '<step 1>:1', `${' '.repeat(17)}^`],
    ['})', "Unexpected token '}'", '<step 1>:1', '^'],
    [
      'interface I { a: number }\nlet i: I = ;',
      "Unexpected token ';'",
      '<step 1>:2',
      `${' '.repeat(12)}^`,
    ],
    [
      'const typed: string = 1; let d = ;',
      "Unexpected token ';'",
      '<step 1>:1',
      `${' '.repeat(34)}^`,
    ],
    [
      'const c = 1; const c = 2',
      "Identifier 'c' has already been declared",
      '<step 1>:1',
      '                   ^',
    ],
  ];
  for (const [code, message, place, caret] of cases) {
    it(`is reported with its position: ${JSON.stringify(code)}`, () => {
      expect(() => rewriteStep(code, '<step 1>', createKnownNames())).toThrow(
        expect.objectContaining({
          name: 'SyntaxError',
          message,
          traceback: expect.arrayContaining([place, caret]),
        }),
      );
    });
  }

  it('is reported as unsupported if it is JSX', () => {
    expect(() => rewriteStep('const a = <div>hello</div>', '<step 1>', createKnownNames())).toThrow(
      'JSX is not supported',
    );
  });
});
