import { expect, it } from 'vitest';
import { createDisplay } from './display.ts';
import { type Shown, showValue as showAsText } from './shown-value.ts';

/** With the JSON of each type parsed. */
const parsed = ({ bundle, truncated }: Shown) => ({
  bundle: Object.fromEntries(
    Object.entries(bundle).map(([type, text]) => [type, JSON.parse(text)]),
  ),
  truncated,
});
const showValue = (value: unknown) => parsed(showAsText(value));
function shownBy(callback: (display: ReturnType<typeof createDisplay>) => void) {
  const shown: ReturnType<typeof parsed>[] = [];
  callback(createDisplay((one) => shown.push(parsed(one))));
  return shown;
}
const bundleOf = (callback: Parameters<typeof shownBy>[0]) => shownBy(callback)[0]?.bundle;

it('shows a value as its inspection, and as JSON if that is lossless', () => {
  expect(bundleOf((display) => display('text'))).toEqual({ 'text/plain': "'text'" });
  expect(bundleOf((display) => display({ a: [1, null] }))).toEqual({
    'text/plain': '{ a: [ 1, null ] }',
    'application/json': { a: [1, null] },
  });
  expect(bundleOf((display) => display(new Map([[1, 2]])))).toEqual({
    'text/plain': 'Map(1) { 1 => 2 }',
  });
});

it('shows each of several values', () => {
  const shown = shownBy((display) => display(1, { 'text/html': '<b>' }, undefined));
  expect(shown.map(({ bundle }) => bundle)).toEqual([
    { 'text/plain': '1' },
    { 'text/html': '<b>' },
    { 'text/plain': 'undefined' },
  ]);
  expect(shownBy((display) => display())).toEqual([]);
});

it('treats an object as a MIME bundle if every key has a slash', () => {
  const bundle = {
    'image/png': Buffer.from('png'),
    'text/html': '<b>',
    'application/json': { a: 1 },
    'image/gif': new Uint8Array([1]),
  };
  expect(bundleOf((display) => display(bundle))).toEqual({
    'image/png': 'cG5n',
    'text/html': '<b>',
    'application/json': { a: 1 },
    'image/gif': 'AQ==',
  });
  expect(bundleOf((display) => display({ 'a/b': 1, c: 2 }))).toHaveProperty('text/plain');
  expect(bundleOf((display) => display({}))).toHaveProperty('text/plain', '{}');
});

it('has shorthand functions', () => {
  expect(bundleOf((display) => display.html('<b>'))).toEqual({ 'text/html': '<b>' });
  expect(bundleOf((display) => display.markdown('# a'))).toEqual({ 'text/markdown': '# a' });
  expect(bundleOf((display) => display.svg('<svg/>'))).toEqual({ 'image/svg+xml': '<svg/>' });
  expect(bundleOf((display) => display.png(new Uint8Array([1])))).toEqual({ 'image/png': 'AQ==' });
  expect(bundleOf((display) => display.json({ at: new Date(0) }))).toMatchObject({
    'application/json': { at: '1970-01-01T00:00:00.000Z' },
  });
});

it('sends JSON of up to a hundred levels, and text for deeper values', () => {
  const nested = (levels: number) => {
    let value: unknown[] = [];
    for (let level = 1; level < levels; level += 1) value = [value];
    return value;
  };
  expect(shownBy((display) => display({ 'application/json': nested(100) }))).toEqual([
    { bundle: { 'application/json': nested(100) }, truncated: false },
  ]);
  for (const levels of [101, 3_000, 100_000]) {
    const cut = { bundle: { 'text/plain': '[ [ [ [Array] ] ] ]' }, truncated: true };
    expect(shownBy((display) => display({ 'application/json': nested(levels) }))).toEqual([cut]);
    expect(shownBy((display) => display.json(nested(levels)))).toEqual([cut]);
  }
  const withText = { 'application/json': nested(101), 'text/plain': 'its own' };
  expect(shownBy((display) => display(withText))).toEqual([
    { bundle: { 'text/plain': 'its own' }, truncated: true },
  ]);
});

it('shows a value whose inspection throws', () => {
  const value = {
    [Symbol.for('nodejs.util.inspect.custom')]() {
      throw new Error('no');
    },
  };
  expect(showValue(value).bundle['text/plain']).toContain('cannot be shown: Error: no');
});

it('runs no accessor to find out whether a value is JSON', () => {
  let read = 0;
  const value = {
    get a() {
      read += 1;
      return 1;
    },
  };
  expect(showValue(value).bundle).toEqual({ 'text/plain': '{ a: [Getter] }' });
  expect(read).toBe(0);
});

it('sends no JSON for a value that JSON would change', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const values = [
    circular,
    { a: undefined },
    new Array(2),
    { d: new Date() },
    [Number.NaN],
    [1n],
    { a: -0 },
    new (class A {})(),
    [() => 1],
    new Proxy({}, {}),
  ];
  for (const value of values) expect(Object.keys(showValue(value).bundle)).toEqual(['text/plain']);
});

it('truncates text at 256 KiB and reports JSON that was too large', () => {
  const shown = showValue(Array.from({ length: 3_000_000 }, () => 1));
  expect(shown.truncated).toBe(true);
  expect(Object.keys(shown.bundle)).toEqual(['text/plain']);
  expect(shown.bundle['text/plain']).toMatch(
    /^\[\n[\s\S]*\]\n\[application\/json omitted: the bundle is larger than 8 MiB\]$/,
  );
  const long = bundleOf((display) => display({ 'text/plain': 'ü'.repeat(300_000) }))?.[
    'text/plain'
  ];
  expect(Buffer.byteLength(String(long))).toBeLessThanOrEqual(256 * 1024);
});

it('sends the JSON of keys of any name unchanged', () => {
  const text = '{"__proto__":{"a":[1,"ü"]},"constructor":null,"":true}';
  expect(showAsText(JSON.parse(text)).bundle['application/json']).toBe(text);
  const shown: Shown[] = [];
  createDisplay((one) => shown.push(one))({ 'application/json': JSON.parse(text) });
  expect(shown.map(({ bundle }) => bundle)).toEqual([{ 'application/json': text }]);
});

it('is not disturbed by what code puts in place of JSON.stringify, or teaches arrays', () => {
  const { stringify } = JSON;
  try {
    JSON.stringify = () => 'invalid JSON';
    Object.assign(Array.prototype, { toJSON: () => 'no array' });
    expect(showAsText([1, 'a'])).toEqual({
      bundle: { 'text/plain': '"[ 1, \'a\' ]"', 'application/json': '[1,"a"]' },
      truncated: false,
    });
  } finally {
    JSON.stringify = stringify;
    Reflect.deleteProperty(Array.prototype, 'toJSON');
  }
});
