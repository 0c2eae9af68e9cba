import { limits } from '@steppe/contracts/limits';
import { systemClock } from '@steppe/service-kit/process/clock';
import { expect, test } from 'vitest';
import { heldBytes } from '../testing/held-bytes.ts';
import { OutputWindow } from './output-window.ts';

function collect() {
  const pieces: string[] = [];
  const window = new OutputWindow(limits.outputBytesPerStream, systemClock, (text) =>
    pieces.push(text),
  );
  return { pieces, window, text: () => pieces.join('') };
}

test('passes on all text up to the limit', () => {
  const { window, text } = collect();
  const all = 'abcdefgh'.repeat(limits.outputBytesPerStream / 8 / 2 + 100);
  for (let at = 0; at < all.length; at += 10_000)
    window.push(Buffer.from(all.slice(at, at + 10_000)));
  window.end();
  expect(text()).toBe(all);
  expect(window.droppedBytes).toBe(0);
});

test('keeps the head and tail of longer output, and counts the dropped bytes', () => {
  const { window, text } = collect();
  window.push(Buffer.from('HEAD'));
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let at = 0; at < 64; at += 1) window.push(chunk);
  window.push(Buffer.from('TAIL'));
  window.end();
  expect(text().startsWith('HEADxxx')).toBe(true);
  expect(text().endsWith('xxxTAIL')).toBe(true);
  expect(text()).toContain(`[… ${window.droppedBytes} bytes dropped …]`);
  expect(Buffer.byteLength(text())).toBeLessThanOrEqual(limits.outputBytesPerStream);
  const notice = Buffer.byteLength(`\n[… ${window.droppedBytes} bytes dropped …]\n`);
  expect(Buffer.byteLength(text()) - notice + window.droppedBytes).toBe(64 * chunk.length + 8);
});

test('limits the number of pieces too, however small they are', () => {
  const { pieces, window } = collect();
  for (let at = 0; at < 10_000; at += 1) {
    window.push(Buffer.from('.'));
    window.flush();
  }
  window.end();
  expect(pieces.length).toBeLessThan(limits.outputBytesPerStream / 2 / 100);
  expect(pieces.join('')).toBe('.'.repeat(10_000));
});

test('joins a character that is split between two chunks', () => {
  const { window, text } = collect();
  const [first, ...rest] = Buffer.from('€');
  window.push(Buffer.from([first ?? 0]));
  window.flush();
  window.push(Buffer.from(rest));
  window.end();
  expect(text()).toBe('€');
});

test('replaces invalid UTF-8', () => {
  const { window, text } = collect();
  window.push(Buffer.from([0x61, 0xff, 0x62, 0xe2]));
  window.end();
  expect(text()).toBe('a\ufffdb\ufffd');
});

test('begins the tail with a whole character', () => {
  const { window, text } = collect();
  const chunk = Buffer.from('€'.repeat(20_000));
  for (let at = 0; at < 40; at += 1) window.push(chunk);
  window.end();
  expect(text().split('…]\n')[1]).toMatch(/^€+$/);
});

test('joins consecutive small writes into one piece', () => {
  const { pieces, window } = collect();
  for (let at = 0; at < 1000; at += 1) window.push(Buffer.from('.'));
  window.end();
  expect(pieces).toEqual(['.'.repeat(1000)]);
});

test('takes no more memory for one-byte writes than the bytes of the tail', () => {
  const { window, text } = collect();
  const half = limits.outputBytesPerStream / 2;
  window.push(Buffer.alloc(half, 'h'));
  const held = heldBytes(() => {
    for (let at = 0; at < half; at += 1) window.push(Buffer.of(0x61 + (at % 26)));
    return window;
  });
  expect(held).toBeLessThan(2 * half);
  window.push(Buffer.from('TAIL'));
  window.end();
  expect(text()).toMatch(/^h+\n\[… \d+ bytes dropped …\]\n[a-z]+TAIL$/);
  expect(text()).toContain(`[… ${window.droppedBytes} bytes dropped …]`);
});
