import { behaviours, flow, steps } from '../harness/behaviours.ts';
import { mainValue } from '../harness/expectation.ts';

const same = (code: string) => ({ python: code, node: code });

behaviours('Values', [
  steps('the last expression is the result', same('40 + 2'), { value: '42' }),
  steps('a string is shown in quotes', same("'hi'"), { value: "'hi'" }),
  steps('a string with line ends is shown with escapes', same(String.raw`'a\nb'`), {
    value: String.raw`'a\nb'`,
  }),
  steps('text of any script is shown unchanged', same("'Grüße 世界 🌍'"), {
    value: "'Grüße 世界 🌍'",
  }),
  steps('a fraction is shown in full', same('0.1 + 0.2'), { value: '0.30000000000000004' }),
  steps('a truth value is shown as the language writes it', same('1 < 2'), {
    value: { python: 'True', node: 'true' },
  }),
  steps(
    'an integer of any size is shown whole',
    { python: '2 ** 100', node: '2n ** 100n' },
    { value: /^1267650600228229401496703205376n?$/ },
  ),
  steps('a list is shown with its items', same('[1, 2, 3]'), { value: /^\[ ?1, 2, 3 ?\]$/ }),
  steps(
    'nested data is shown whole',
    { python: "{'a': [1, {'b': 2}]}", node: '({ a: [1, { b: 2 }] })' },
    { value: { python: "{'a': [1, {'b': 2}]}", node: '{ a: [ 1, { b: 2 } ] }' } },
  ),
  steps(
    'a set is shown with its members',
    { python: '{7}', node: 'new Set([7])' },
    { value: { python: '{7}', node: 'Set(1) { 7 }' } },
  ),
  steps(
    'a structure that contains itself is shown',
    {
      python: 'ring = [1]\nring.append(ring)\nring',
      node: 'const ring = [1]\nring.push(ring)\nring',
    },
    { value: { python: '[1, [...]]', node: '<ref *1> [ 1, [Circular *1] ]' } },
  ),
  steps(
    'an instance is shown with the name of its class',
    { python: 'class Pear: pass\nPear()', node: 'class Pear {}\nnew Pear()' },
    { value: /Pear/ },
  ),
  steps(
    'a function is shown with its name',
    { python: 'def pick(): pass\npick', node: 'function pick() {}\npick' },
    { value: /[Ff]unction:? pick/ },
  ),
  steps(
    '_ is the last value, and a step without one does not change it',
    { python: ['7', 'None', '_ * 2'], node: ['7', 'undefined', '_ * 2'] },
    { value: '14' },
    { own: {} },
  ),
  steps(
    'a name _ of the user’s own keeps its value',
    { python: ["_ = 'mine'", '5', '_'], node: ["_ = 'mine'", '5', '_'] },
    { value: "'mine'" },
    { own: {} },
  ),
  steps(
    'a date is shown',
    {
      python: 'import datetime\ndatetime.date(2026, 1, 2)',
      node: 'new Date(Date.UTC(2026, 0, 2))',
    },
    { value: { python: 'datetime.date(2026, 1, 2)', node: '2026-01-02T00:00:00.000Z' } },
  ),
  steps(
    'an error that is a value, not thrown, is shown',
    { python: "ValueError('calm')", node: "new RangeError('calm')" },
    { value: /^(ValueError\('calm'\)|RangeError: calm)/ },
  ),
  steps('None and undefined show no result', { python: 'None', node: 'undefined' }),
  steps('a declaration shows no result', { python: 'silent = 5', node: 'const silent = 5' }),
  steps('a definition shows no result', {
    python: 'def quiet(): return 1',
    node: 'function quiet() { return 1 }',
  }),
  steps('empty code completes without a value', same('')),
  steps('white space alone completes without a value', same('  \n\n\t\n')),
  steps('a comment alone completes without a value', {
    python: '# a comment',
    node: '// a comment',
  }),
  steps(
    'a comment after the last expression changes nothing',
    { python: '42  # why', node: '42 // why' },
    { value: '42' },
  ),
  steps('empty lines after the last expression change nothing', same('42\n\n\n'), { value: '42' }),
  steps(
    'Windows line ends are accepted',
    { python: 'w = 20\r\nw + 1\r\n', node: 'const w = 20\r\nw + 1\r\n' },
    { value: '21' },
  ),
  steps('an expression may span several lines', same('[\n  1,\n  2,\n]'), {
    value: /^\[ ?1, 2 ?\]$/,
  }),
  steps('the last of several expressions is the result', same('1\n2\n3'), { value: '3' }),
  steps(
    'an expression after statements is the result',
    {
      python: 'total = 0\nfor n in range(5):\n    total += n\ntotal',
      node: 'let total = 0\nfor (let n = 0; n < 5; n++) total += n\ntotal',
    },
    { value: '10' },
  ),
  steps(
    'a conditional expression is a value',
    { python: "'yes' if 1 < 2 else 'no'", node: "1 < 2 ? 'yes' : 'no'" },
    { value: "'yes'" },
  ),
  steps(
    'the result of a call is a value',
    {
      python: 'def twice(n):\n    return n * 2\ntwice(21)',
      node: 'function twice(n) { return n * 2 }\ntwice(21)',
    },
    { value: '42' },
  ),
  steps(
    'a value that cannot be shown does not fail the step',
    {
      python: "class Shy:\n    def __repr__(self):\n        raise ValueError('no picture')\nShy()",
      node: "class Shy { get [Symbol.toStringTag]() { throw new Error('no picture') } }\nnew Shy()",
    },
    { value: /\S/, stderr: /(?:)/ },
  ),
  flow(
    'a value keeps its type text/plain whatever it contains',
    { python: "'<b>bold</b>'", node: "'<b>bold</b>'" },
    async (session, code) => {
      const result = await session.run(code);
      if (mainValue(result) !== "'<b>bold</b>'" || result.results.length !== 1)
        throw new Error(JSON.stringify(result.results));
    },
  ),
]);
