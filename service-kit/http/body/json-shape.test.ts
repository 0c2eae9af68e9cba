import { expect, it } from 'vitest';
import { requireJsonShape } from './json-shape.ts';

const shape = { maxDepth: 3, maxValues: 5 };
const check =
  (text: string, of = shape) =>
  () =>
    requireJsonShape(Buffer.from(text), of);
const tooDeep = expect.objectContaining({
  code: 'invalid_request',
  details: { limit: 'depth', max_depth: 3 },
});
const tooMany = expect.objectContaining({
  code: 'payload_too_large',
  details: { limit: 'values', max_values: 5 },
});

it.each(['[[[1]]]', '[{"a":[]}]', '[[1],[2]]', '{"a":1,"b":2,"c":3,"d":4,"e":5}', '[1,2,3,4,5]'])(
  'accepts %s',
  (text) => {
    expect(check(text)).not.toThrow();
  },
);

it.each(['[[[[1]]]]', '[[[[', '[{"a":[{}]}]', '{"a":{"b":{"c":{}}}}'])(
  'refuses the depth of %s',
  (text) => {
    expect(check(text)).toThrow(tooDeep);
  },
);

it.each(['[1,2,3,4,5,6]', '[[],[],[]]', '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', '[,,,,,'])(
  'refuses the values of %s',
  (text) => {
    expect(check(text)).toThrow(tooMany);
  },
);

it.each([
  '["[[[[,,,,,,"]',
  '["\\"[[[[,,,,,,"]',
  '["\\\\\\"[[[[,,,,,,"]',
  '"[[[[,,,,,,',
  '"[[[[,,,,,,\\',
  '["é…😀[[[[",1]',
])('looks for nothing inside a text: %s', (text) => {
  expect(check(text)).not.toThrow();
});

it('continues after a text', () => {
  expect(check('["\\\\",[[["x"]]]]')).toThrow(tooDeep);
});

it.each(['x', '\\n', '\\"', '\\\\', '\\\\\\"', 'é'])(
  'finds the end of a long text of %s',
  (piece) => {
    // Tests every length around the one at which the algorithm changes.
    for (let pieces = 0; pieces < 600; pieces++) {
      const text = `"${piece.repeat(pieces)}x"`;
      expect(check(`[${text},[[1]]]`)).not.toThrow();
      expect(check(`[${text},[[[1]]]]`)).toThrow(tooDeep);
    }
  },
);
