import { expect, it } from 'vitest';
import { maxFrameBytes } from '../../protocol/frames.ts';
import { createFrameReader, encodeFrame, maxBodyBytes } from './framing.ts';

it('has the limit of the agent', () => {
  expect(maxBodyBytes).toBe(maxFrameBytes);
});

it('reads what it wrote, in pieces of any size', () => {
  const messages = [{ a: 1 }, { text: 'ü'.repeat(100) }, {}];
  const bytes = Buffer.concat(messages.map((message) => encodeFrame(message)));
  for (const size of [1, 3, 7, 64, bytes.length]) {
    const read: unknown[] = [];
    const take = createFrameReader((message) => read.push(message));
    for (let start = 0; start < bytes.length; start += size)
      take(bytes.subarray(start, start + size));
    expect(read).toEqual(messages);
  }
});

it('refuses a frame above the limit before it has come', () => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(maxBodyBytes + 1);
  expect(() => createFrameReader(() => undefined)(head)).toThrow(RangeError);
});
