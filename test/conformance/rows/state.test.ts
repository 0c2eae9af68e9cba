import { expect } from 'vitest';
import { behaviours, flow, steps } from '../harness/behaviours.ts';
import { expectResult } from '../harness/expectation.ts';
import { openSession } from '../harness/session.ts';

behaviours('State and redeclaration', [
  steps(
    'a variable persists',
    { python: ['v1 = 41', 'v1 + 1'], node: ['let v1 = 41', 'v1 + 1'] },
    { value: '42' },
  ),
  steps(
    'a constant persists',
    { python: ['C1 = 41', 'C1 + 1'], node: ['const C1 = 41', 'C1 + 1'] },
    { value: '42' },
  ),
  steps(
    'a function persists',
    {
      python: ['def f1(n):\n    return n + 1', 'f1(41)'],
      node: ['function f1(n) { return n + 1 }', 'f1(41)'],
    },
    { value: '42' },
  ),
  steps(
    'a class persists',
    {
      python: ['class K1:\n    def response(self):\n        return 42', 'K1().response()'],
      node: ['class K1 { response() { return 42 } }', 'new K1().response()'],
    },
    { value: '42' },
  ),
  steps(
    'an import persists',
    {
      python: ['import math as m1', 'm1.floor(4.2)'],
      node: ["import { basename } from 'node:path'", "basename('/a/4')"],
    },
    { value: /^'?4'?$/ },
  ),
  steps(
    'a variable can change in a later step',
    { python: ['v2 = 1', 'v2 += 1', 'v2'], node: ['let v2 = 1', 'v2 += 1', 'v2'] },
    { value: '2' },
  ),
  steps(
    'a list grows over steps',
    {
      python: ['v3 = []', 'v3.append(1)', 'len(v3)'],
      node: ['const v3 = []', 'v3.push(1)', 'v3.length'],
    },
    { value: '1' },
  ),
  steps(
    'a constant can be declared again',
    { python: ['v4 = 1', 'v4 = 2', 'v4'], node: ['const v4 = 1', 'const v4 = 2', 'v4'] },
    { value: '2' },
  ),
  steps(
    'a variable can be declared again with another type',
    { python: ['v5 = 1', "v5 = 'text'", 'v5'], node: ['let v5 = 1', "let v5 = 'text'", 'v5'] },
    { value: "'text'" },
  ),
  steps(
    'a function can be declared again',
    {
      python: ['def f2(): return 1', 'def f2(): return 2', 'f2()'],
      node: ['function f2() { return 1 }', 'function f2() { return 2 }', 'f2()'],
    },
    { value: '2' },
  ),
  steps(
    'a class can be declared again, and old instances keep theirs',
    {
      python: [
        'class K2:\n    def n(self): return 1\nold = K2()',
        'class K2:\n    def n(self): return 2',
        '[old.n(), K2().n()]',
      ],
      node: [
        'class K2 { n() { return 1 } }\nconst old = new K2()',
        'class K2 { n() { return 2 } }',
        '[old.n(), new K2().n()]',
      ],
    },
    { value: /^\[ ?1, 2 ?\]$/ },
  ),
  steps(
    'a function can replace a variable of the same name',
    {
      python: ['v6 = 1', 'def v6(): return 2', 'v6()'],
      node: ['const v6 = 1', 'function v6() { return 2 }', 'v6()'],
    },
    { value: '2' },
  ),
  steps(
    'a variable can replace a class of the same name',
    { python: ['class K3: pass', 'K3 = 3', 'K3'], node: ['class K3 {}', 'let K3 = 3', 'K3'] },
    { value: '3' },
  ),
  steps(
    'the same cell can run again',
    {
      python: Array(3).fill('v7 = 7\ndef f7(): return v7\nf7()'),
      node: Array(3).fill('const v7 = 7\nfunction f7() { return v7 }\nf7()'),
    },
    { value: '7' },
  ),
  steps(
    'a function sees a global that was declared again',
    {
      python: ['rate = 1\ndef cost(): return rate', 'rate = 2', 'cost()'],
      node: ['const rate = 1\nfunction cost() { return rate }', 'const rate = 2', 'cost()'],
    },
    { value: '2' },
  ),
  steps(
    'a closure keeps its own variables',
    {
      python: [
        'def counter():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n    return up\nup = counter()',
        'up()',
        'up()',
      ],
      node: [
        'function counter() { let n = 0; return () => ++n }\nconst up = counter()',
        'up()',
        'up()',
      ],
    },
    { value: '2' },
  ),
  steps(
    'a generator continues where it stopped',
    {
      python: ['g = iter(range(3))', 'next(g)', 'next(g)'],
      node: [
        'function* count() { let n = 0; while (true) yield n++ }\nconst g = count()',
        'g.next().value',
        'g.next().value',
      ],
    },
    { value: '1' },
  ),
  steps(
    'one declaration declares several variables',
    {
      python: ['a1, (b1, *c1) = 1, (2, 3, 4)', '[a1, b1, c1]'],
      node: ['const [a1, [b1, ...c1]] = [1, [2, 3, 4]]', '[a1, b1, c1]'],
    },
    { value: /^\[ ?1, 2, \[ ?3, 4 ?\] ?\]$/ },
  ),
  flow(
    'declarations of a failed step exist in the next',
    {
      python: { fails: "kept = 41\nraise ValueError('x')", reads: 'kept + 1' },
      node: { fails: "const kept = 41\nthrow new Error('x')", reads: 'kept + 1' },
    },
    async (session, { fails, reads }) => {
      expect((await session.run(fails)).status).toBe('failed');
      expectResult(await session.run(reads), { value: '42' }, session.language);
    },
  ),
  flow(
    'a step with a syntax error changes nothing',
    {
      python: { before: 'v9 = 1', wrong: 'v9 = 2\n)', reads: 'v9' },
      node: { before: 'let v9 = 1', wrong: 'v9 = 2\n)', reads: 'v9' },
    },
    async (session, { before, wrong, reads }) => {
      await session.run(before);
      expect((await session.run(wrong)).status).toBe('failed');
      expectResult(await session.run(reads), { value: '1' }, session.language);
    },
  ),
  flow(
    'a deleted name is undefined again',
    {
      python: { code: ['gone = 1', 'del gone'], reads: 'gone' },
      node: { code: ['globalThis.gone = 1', 'delete globalThis.gone'], reads: 'gone' },
    },
    async (session, { code, reads }) => {
      for (const one of code) await session.run(one);
      const error = { name: /^(Name|Reference)Error$/, message: /gone/ };
      expectResult(await session.run(reads), { error }, session.language);
    },
  ),
  steps('a built-in name can be redefined', {
    python: ['len = 5', 'len', 'del len'],
    node: ['let parseInt = 5', 'parseInt', 'parseInt = Number.parseInt; undefined'],
  }),
  steps(
    'names that the runtime itself uses can be redefined',
    {
      python: [
        'import sys, os, json, io\nsys.stdout.flush()\nos = json = io = sys = print = None',
        '40 + 2',
      ],
      node: ['JSON = null; Buffer = null; setTimeout = null; undefined', '40 + 2'],
    },
    { value: '42' },
    { own: {} },
  ),
  steps(
    'additions to built-in types do no harm',
    {
      python: [
        'import builtins\nbuiltins.extra = 1\nreal = print\nbuiltins.print = lambda *a, **k: real("said", *a, **k)',
        'print("x")\nextra + 41',
      ],
      node: [
        'Array.prototype.extra = 1; Object.prototype.extra = 1; const real = console.log; console.log = (...a) => real("said", ...a); undefined',
        'console.log("x");\n[].extra + 41',
      ],
    },
    { stdout: 'said x\n', value: '42' },
    { own: {} },
  ),
  steps(
    'no variable exists before the first step',
    {
      python: 'sorted(name for name in globals() if not name.startswith("__"))',
      node: "Object.keys(globalThis).filter((name) => name.includes('steppe') || name.length === 1)",
    },
    { value: '[]' },
    { own: {} },
  ),
  flow(
    'a restart clears all variables',
    {
      python: { before: 'lost = 1', reads: 'lost' },
      node: { before: 'const lost = 1', reads: 'lost' },
    },
    async (session, { before, reads }) => {
      await session.run(before);
      expect(await session.restart()).toBe(2);
      expectResult(
        await session.run(reads),
        { error: { name: /^(Name|Reference)Error$/ }, epoch: 2 },
        session.language,
      );
    },
    {},
  ),
  flow(
    'two sessions share no state',
    {
      python: { before: 'mine = 1', reads: 'mine' },
      node: { before: 'const mine = 1', reads: 'mine' },
    },
    async (session, { before, reads }) => {
      const other = await openSession(session.language);
      try {
        await session.run(before);
        expectResult(
          await other.run(reads),
          { error: { name: /^(Name|Reference)Error$/ } },
          session.language,
        );
      } finally {
        await other.close();
      }
    },
  ),
]);
