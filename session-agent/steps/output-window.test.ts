import { limits } from '@steppe/contracts/limits';
import { expect, test } from 'vitest';
import { heldBytes } from '../testing/held-bytes.ts';
import { incompleteEnd, OutputWindow } from './output-window.ts';

const noticeOf = (dropped: number) => `\n[… ${dropped} bytes dropped …]\n`;
const newWindow = (bytes: number = limits.outputBytesPerStream) =>
  new OutputWindow(bytes, noticeOf);
const droppedIn = (text: string) => Number(/\[… (\d+) bytes/.exec(text)?.[1]);

test('shows all text up to the limit', () => {
  const window = newWindow();
  const all = 'abcdefgh'.repeat(limits.outputBytesPerStream / 8 / 2 + 100);
  for (let at = 0; at < all.length; at += 10_000)
    window.push(Buffer.from(all.slice(at, at + 10_000)));
  expect([window.text(), window.isCut]).toEqual([all, false]);
});

test('shows the head and tail of longer output, and counts the dropped bytes', () => {
  const window = newWindow();
  window.push(Buffer.from('HEAD'));
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let at = 0; at < 64; at += 1) window.push(chunk);
  window.push(Buffer.from('TAIL'));
  const text = window.text();
  expect([text.startsWith('HEADxxx'), text.endsWith('xxxTAIL')]).toEqual([true, true]);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limits.outputBytesPerStream);
  const dropped = droppedIn(text);
  expect(Buffer.byteLength(text) - Buffer.byteLength(noticeOf(dropped)) + dropped).toBe(
    64 * chunk.length + 8,
  );
  // A result so far changes nothing.
  expect(window.text()).toBe(text);
});

test('replaces invalid UTF-8', () => {
  const window = newWindow();
  window.push(Buffer.from([0x61, 0xff, 0x62, 0xe2]));
  expect(window.text()).toBe('a\ufffdb\ufffd');
});

test('shows and counts whole characters on both sides of the gap', () => {
  const window = newWindow(1024);
  const all = Buffer.from(`a${'€'.repeat(2_000)}`);
  window.push(all);
  const text = window.text();
  const dropped = droppedIn(text);
  expect(text.replace(noticeOf(dropped), '')).toMatch(/^a€+$/);
  expect(Buffer.byteLength(text) - Buffer.byteLength(noticeOf(dropped)) + dropped).toBe(all.length);
});

test('takes no more memory for one-byte writes than the bytes that it shows', () => {
  const window = newWindow();
  const held = heldBytes(() => {
    for (let at = 0; at < limits.outputBytesPerStream; at += 1)
      window.push(Buffer.of(0x61 + (at % 26)));
    return window;
  });
  expect(held).toBeLessThan(2 * limits.outputBytesPerStream);
  expect(window.memoryBytes).toBeLessThanOrEqual(limits.outputBytesPerStream);
});

test.each([
  ['€', 0],
  ['a', 0],
  ['', 0],
])('finds nothing incomplete at the end of %j', (text, count) => {
  expect(incompleteEnd(Buffer.from(text))).toBe(count);
});

test('finds the beginning of a character at the end', () => {
  const bytes = Buffer.from('x🌍');
  expect([1, 2, 3, 4, 5].map((end) => incompleteEnd(bytes.subarray(0, end)))).toEqual([
    0, 1, 2, 3, 0,
  ]);
  expect(incompleteEnd(Buffer.from([0x80, 0x80, 0x80, 0x80]))).toBe(0);
  expect(incompleteEnd(Buffer.from([0x61, 0xff]))).toBe(0);
});
