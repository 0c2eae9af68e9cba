import { expect, test } from 'vitest';
import { encodeFrame, FrameDecoder } from './frame-codec.ts';
import { maxFrameBytes } from './frames.ts';

const messages = [{ type: 'ready' }, { text: 'ü\u0000\n' }, { big: 'x'.repeat(100_000) }, {}];

test('gives back the messages, however the bytes were cut', () => {
  const bytes = Buffer.concat(messages.map(encodeFrame));
  for (const size of [1, 3, 7, 1000, bytes.length]) {
    const decoder = new FrameDecoder();
    const seen: unknown[] = [];
    for (let at = 0; at < bytes.length; at += size) seen.push(...decoder.push(bytes.subarray(at, at + size)));
    expect(seen).toEqual(messages);
  }
});

test('refuses a frame above the limit before its body has come, and none up to it', () => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(maxFrameBytes);
  expect(new FrameDecoder().push(header)).toEqual([]);
  header.writeUInt32BE(maxFrameBytes + 1);
  expect(() => new FrameDecoder().push(header)).toThrow(RangeError);
});

test('refuses a frame that is not JSON', () => {
  expect(() => new FrameDecoder().push(Buffer.from([0, 0, 0, 1, 0x7b]))).toThrow(SyntaxError);
});
