import { expect, test } from 'vitest';
import { readBundle } from './decode-message.ts';

const read = (text: string) => readBundle(Buffer.from(text));

test.each([
  '{}',
  '{"text/plain":"42","application/json":{"type":"step_ended","seq":9007199254740993}}',
  '{"application/json":1e309,"a/b":{"__proto__":1,"__proto__":2}}',
  '{"text/plain":"x","display_id":"one","is_update":true,"metadata":{"image/png":{"width":9}}}',
  '{"text/plain":"\\ud800 ü \\u0000"}',
])('returns %s unchanged', (text) => expect(read(text)).toBe(text));

test.each([
  'type',
  'seq',
  'at',
  'text',
  'stream',
  'is_main_result',
  '\\u0074ype',
  '__proto__',
  '',
  'Metadata',
])('rejects the key %s', (key) =>
  expect(() => read(`{"text/plain":"x","${key}":"y"}`)).toThrow('not a MIME type'),
);

test.each(['{"display_id":1}', '{"is_update":false}', '{"is_update":"t"}'])(
  'rejects a reserved key with a value of the wrong type: %s',
  (text) => expect(() => read(text)).toThrow('of the wrong type'),
);

test.each(['[]', '1', '"a/b"', '', '{"a/b":1}\n', '{"a/b":\n1}', '{"a/b":1}{}', '{"a/b":NaN}'])(
  'rejects %j',
  (text) => expect(() => read(text)).toThrow(SyntaxError),
);

test('rejects bytes that are not UTF-8', () => {
  expect(() => readBundle(Buffer.from('{"a/b":"\xff"}', 'latin1'))).toThrow('not valid UTF-8');
});

test.each([300, 100_000])('rejects %i levels', (levels) => {
  expect(() => read(`{"a/b":${'['.repeat(levels)}${']'.repeat(levels)}}`)).toThrow(
    'nested too deeply',
  );
});
