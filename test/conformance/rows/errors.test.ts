import { expect } from 'vitest';
import { behaviours, flow, steps } from '../harness/behaviours.ts';
import { expectResult } from '../harness/expectation.ts';

const ownFrames =
  /steppe_runtime|supervisor|worker\.|control-thread|session-agent|node:internal|dist\/runtimes/;

behaviours('Errors and tracebacks', [
  steps(
    'an exception fails the step, with its name and message',
    { python: "raise ValueError('no value')", node: "throw new RangeError('no value')" },
    { error: { name: /^(Value|Range)Error$/, message: 'no value' } },
  ),
  steps(
    'an error of a user’s class keeps its name',
    {
      python: "class TooRipe(Exception): pass\nraise TooRipe('brown')",
      node: "class TooRipe extends Error { name = 'TooRipe' }\nthrow new TooRipe('brown')",
    },
    { error: { name: 'TooRipe', message: 'brown', traceback: /TooRipe: brown/ } },
  ),
  steps(
    'an error without a message has an empty message',
    { python: 'raise ValueError', node: 'throw new Error()' },
    { error: { name: /Error$/, message: '' } },
  ),
  steps(
    'a message keeps its lines and its script',
    { python: "raise ValueError('eins\\nzwei 世界')", node: "throw new Error('eins\\nzwei 世界')" },
    { error: { name: /Error$/, message: 'eins\nzwei 世界', traceback: /eins\nzwei 世界/ } },
  ),
  steps(
    'a traceback names each function in the call stack',
    {
      python: 'def outer():\n    inner()\ndef inner():\n    raise RuntimeError("deep")\nouter()',
      node: 'function outer() { inner() }\nfunction inner() { throw new Error("deep") }\nouter()',
    },
    { error: { name: /Error$/, traceback: /(outer[\s\S]*inner|inner[\s\S]*outer)/ } },
  ),
  steps(
    'a traceback names the line of the step',
    {
      python: 'a = 1\nb = 2\nraise ValueError("line three")',
      node: 'let a = 1\nlet b = 2\nthrow new Error("line three")',
    },
    { error: { name: /Error$/, traceback: /line 3|:3:\d+/ } },
  ),
  steps(
    'line numbers are right after an import',
    {
      python: 'import json\n\nraise ValueError("line three")',
      node: "import { sep } from 'node:path'\n\nthrow new Error('line three')",
    },
    { error: { name: /Error$/, traceback: /line 3|:3:\d+/ } },
  ),
  steps(
    'line numbers are right after comments and long strings',
    {
      python: '"""\n\n"""\n# comment\nraise ValueError("line five")',
      node: '`\n\n`\n// comment\nthrow new Error("line five")',
    },
    { error: { name: /Error$/, traceback: /line 5|:5:\d+/ } },
  ),
  flow(
    'a traceback through a function of an earlier step names that step and its line',
    {
      python: ['x = 1\ndef early():\n    raise ValueError("here")', 'early()'],
      node: ['const x = 1\nfunction early() {\n  throw new Error("here") }', 'early()'],
    },
    async (session, [defines = '', calls = '']) => {
      const { execution_count: first } = await session.run(defines);
      const { error } = await session.run(calls);
      const traceback = error?.traceback.join('\n') ?? '';
      expect(traceback).toMatch(new RegExp(`step ${first}\\b[^\\n]*(line |:)3`));
      expect(traceback).toMatch(new RegExp(`step ${(first ?? 0) + 1}\\b[^\\n]*(line |:)1`));
    },
  ),
  flow(
    'a traceback has no frame of the runtime and no colours',
    {
      python:
        'import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    raise ValueError("x")\nawait f()',
      node: 'async function f() { await null; throw new Error("x") }\nawait f()',
    },
    async (session, code) => {
      const traceback = (await session.run(code)).error?.traceback.join('\n') ?? '';
      expect(traceback).toMatch(/Error: x/);
      expect(traceback).not.toMatch(ownFrames);
      expect(traceback).not.toContain('\u001b');
    },
  ),
  flow(
    'an error in a callback of the language has no frame of the runtime',
    { python: 'sorted([1, 2], key=lambda n: n / 0)', node: '[1, 2].map((n) => n.missing.name)' },
    async (session, code) => {
      const { error } = await session.run(code);
      expect(error?.name).toMatch(/^(ZeroDivision|Type)Error$/);
      expect(error?.traceback.join('\n')).not.toMatch(ownFrames);
    },
  ),
  steps(
    'a syntax error fails the step before any of it runs',
    { python: 'print("ran")\n)', node: 'console.log("ran")\n)' },
    { error: { name: 'SyntaxError' } },
  ),
  steps(
    'a syntax error points at its position',
    { python: 'a = 1\nb = = 2', node: 'let a = 1\nlet b = = 2' },
    { error: { name: 'SyntaxError', traceback: /b = = 2\n +\^/ } },
  ),
  steps(
    'code that ends too early is a syntax error',
    { python: 'print("open"', node: 'console.log("open"' },
    { error: { name: 'SyntaxError' } },
  ),
  steps(
    'an undefined name is reported',
    { python: 'no_such_name', node: 'no_such_name' },
    { error: { name: /^(Name|Reference)Error$/, message: /no_such_name/ } },
  ),
  steps(
    'a member of None or undefined is reported',
    { python: 'None.size', node: 'null.size' },
    { error: { name: /^(Attribute|Type)Error$/, message: /size/ } },
  ),
  steps(
    'a missing module is reported',
    { python: 'import no_such_module', node: "import x from 'no-such-module'" },
    { error: { name: /^(ModuleNotFound)?Error$/, message: /no.such.module/ } },
  ),
  steps(
    'an error chained to another shows both',
    {
      python:
        "try:\n    raise KeyError('root')\nexcept KeyError as error:\n    raise ValueError('top') from error",
      node: "throw new Error('top', { cause: new TypeError('root') })",
    },
    { error: { name: /Error$/, message: 'top', traceback: /(root[\s\S]*top|top[\s\S]*root)/ } },
  ),
  steps(
    'a group of errors shows each',
    {
      python: "raise ExceptionGroup('many', [ValueError('one'), TypeError('two')])",
      node: "throw new AggregateError([new RangeError('one'), new TypeError('two')], 'many')",
    },
    {
      error: {
        name: /^(ExceptionGroup|AggregateError)$/,
        message: /^many/,
        traceback: /one[\s\S]*two/,
      },
    },
  ),
  steps(
    'infinite recursion is an error, and memory is kept',
    {
      python: [
        'deep = 1\ndef fall(): return fall()',
        'try:\n    fall()\nexcept RecursionError as e:\n    print(type(e).__name__)',
        'deep',
      ],
      node: [
        'const deep = 1\nfunction fall() { return fall() + 1 }',
        'try { fall() } catch (e) { console.log(e.name) }',
        'deep',
      ],
    },
    { value: '1' },
  ),
  steps(
    'infinite recursion fails the step',
    {
      python: 'def fall2(): return fall2()\nfall2()',
      node: 'function fall2() { return fall2() + 1 }\nfall2()',
    },
    { error: { name: /^(Recursion|Range)Error$/ } },
  ),
  flow(
    'code that is nested too deeply fails the step, and memory is kept',
    {
      python: {
        remember: 'kept_deep = 41',
        recall: 'kept_deep + 1',
        deep: [
          '['.repeat(200_000),
          `${'-'.repeat(200_000)}1`,
          `1${'+1'.repeat(200_000)}`,
          `1${'.real'.repeat(200_000)}`,
        ],
      },
      node: {
        remember: 'const keptDeep = 41',
        recall: 'keptDeep + 1',
        deep: [
          '['.repeat(200_000),
          `${'- '.repeat(200_000)}1`,
          `1${'+1'.repeat(200_000)}`,
          `Math${'.abs'.repeat(200_000)}`,
          `${'`${'.repeat(50_000)}1${'}`'.repeat(50_000)}`,
          `${'class A{m(){'.repeat(50_000)}${'}}'.repeat(50_000)}`,
          `let q: number = 1; ${'['.repeat(200_000)}`,
          `let q: ${'('.repeat(200_000)}`,
          `/${'('.repeat(50_000)}${')'.repeat(50_000)}/`,
        ],
      },
    },
    async (session, { remember, recall, deep }) => {
      await session.run(remember);
      for (const code of deep) {
        const error = { name: /^(Syntax|Recursion|Memory|Range)Error$/ };
        expectResult(await session.run(code), { error }, session.language);
        expectResult(await session.run(recall), { value: '42' }, session.language);
      }
    },
  ),
  steps(
    'an error that is caught does not fail the step',
    {
      python: 'try:\n    1 / 0\nexcept ZeroDivisionError:\n    print("caught")',
      node: 'try { null.x } catch { console.log("caught") }',
    },
    { stdout: 'caught\n' },
  ),
  steps(
    'a finally block runs',
    {
      python: 'try:\n    raise ValueError("x")\nfinally:\n    print("cleaned")',
      node: 'try { throw new Error("x") } finally { console.log("cleaned") }',
    },
    { stdout: 'cleaned\n', error: { name: /Error$/ } },
  ),
  steps(
    'a rethrown error keeps its origin',
    {
      python:
        'def origin():\n    raise ValueError("x")\ntry:\n    origin()\nexcept ValueError:\n    raise',
      node: 'function origin() { throw new Error("x") }\ntry { origin() } catch (e) { throw e }',
    },
    { error: { name: /Error$/, traceback: /origin/ } },
  ),
  steps(
    'an error whose message cannot be produced is reported',
    {
      python:
        'class Mute(Exception):\n    def __str__(self): raise TypeError("mute")\nraise Mute()',
      node: 'class Mute extends Error { get message() { throw new TypeError("mute") } }\nthrow new Mute()',
    },
    { error: { name: /^(Mute|Error)$/ } },
  ),
  steps(
    'a failed assertion is reported',
    {
      python: 'assert 1 == 2, "not equal"',
      node: 'require("assert").strictEqual(1, 2, "not equal")',
    },
    { error: { name: 'AssertionError', message: /^not equal/ } },
  ),
  steps(
    'an error in a module of the workspace names its file and line',
    {
      python: [
        "open('bad_mod.py', 'w').write('def broken():\\n    return 1 / 0\\n') and None",
        'import bad_mod\nbad_mod.broken()',
      ],
      node: [
        "require('fs').writeFileSync('bad-mod.js', 'exports.broken = () =>\\n  null.x\\n')",
        "require('./bad-mod.js').broken()",
      ],
    },
    { error: { name: /Error$/, traceback: /bad.mod[\s\S]*(line 2|:2:)/ } },
  ),
  steps(
    'a warning goes to standard error',
    {
      python: 'import warnings\nwarnings.warn("take care")',
      node: 'process.emitWarning("take care")\nawait new Promise((done) => setTimeout(done, 20))',
    },
    { stderr: /take care/ },
  ),
  steps(
    'a failed step shows no value',
    { python: '42\nraise ValueError("x")', node: '42\nthrow new Error("x")' },
    { error: { name: /Error$/ } },
  ),
  flow(
    'an error is an event of the stream, before the last event',
    { python: 'raise ValueError("x")', node: 'throw new Error("x")' },
    async (session, code) => {
      const events = await session.events((await session.run(code)).step_id);
      expect(events.map(({ type }) => type)).toEqual(['step_started', 'error', 'step_ended']);
      expect(events[1]).toMatchObject({ message: 'x' });
    },
  ),
  flow(
    'the step after an error runs as usual',
    { python: ['raise ValueError("x")', '40 + 2'], node: ['throw new Error("x")', '40 + 2'] },
    async (session, [fails = '', runs = '']) => {
      await session.run(fails);
      expectResult(await session.run(runs), { value: '42' }, session.language);
    },
  ),
]);
