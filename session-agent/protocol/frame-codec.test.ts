import { expect, test } from 'vitest';
import { heldBytes } from '../testing/held-bytes.ts';
import { decodeMessage } from './decode-message.ts';
import { decodeTrusted, encodeFrame, encodeWorkerFrame, FrameDecoder } from './frame-codec.ts';
import { workerFrameSchema } from './frames.ts';
import { asRawJson } from './raw-json.ts';
import { maxFrameBytes } from './wire-format.ts';

const push = (bytes: Buffer) => [...new FrameDecoder(decodeMessage).push(bytes)];
const frameOf = (text: string): Buffer => {
  const frame = Buffer.from(`    ${text}`);
  frame.writeUInt32BE(frame.length - 4);
  return frame;
};
const messages = [{ type: 'ready' }, { text: 'ü\u0000\n' }, { big: 'x'.repeat(100_000) }, {}];

test('decodes the messages, whatever the sizes of the chunks', () => {
  const bytes = Buffer.concat(messages.map((message) => encodeFrame(message)));
  for (const size of [1, 3, 7, 1000, bytes.length]) {
    const decoder = new FrameDecoder(decodeMessage);
    const seen: unknown[] = [];
    for (let at = 0; at < bytes.length; at += size)
      seen.push(...decoder.push(bytes.subarray(at, at + size)));
    expect(seen).toEqual(messages);
  }
});

test('rejects a frame above the limit before its body arrives, and none up to it', () => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(maxFrameBytes);
  expect(push(header)).toEqual([]);
  header.writeUInt32BE(maxFrameBytes + 1);
  expect(() => push(header)).toThrow(RangeError);
});

test.each(['{', '', '1', 'null', '{} ', '{"a": 1}'])(
  'rejects a frame of %j, which is not a message',
  (text) => {
    expect(() => push(frameOf(text))).toThrow(SyntaxError);
  },
);

test('yields the messages before a frame that it rejects', () => {
  const seen: unknown[] = [];
  const takeAll = () => {
    for (const message of new FrameDecoder(decodeMessage).push(
      Buffer.concat([encodeFrame({ a: 1 }), frameOf('{')]),
    ))
      seen.push(message);
  };
  expect(takeAll).toThrow(SyntaxError);
  expect(seen).toEqual([{ a: 1 }]);
});

test('returns a bundle as the bytes of its line', () => {
  const bundle = '{"application/json":9223372036854775808}';
  expect(push(encodeFrame({ type: 'display' }, bundle))).toEqual([
    { type: 'display', bundle: Buffer.from(bundle) },
  ]);
});

test('takes no more memory for a frame than its bytes, however many values it contains', () => {
  const errorOf = (lines: number) =>
    encodeFrame({ error: { traceback: Array.from({ length: lines }, () => '') } });
  expect(push(errorOf(256 * 1024))).toHaveLength(1);
  expect(() => push(errorOf(2_500_000))).toThrow('too many values');
  expect(() => push(frameOf(`{"a":${'['.repeat(1_000_000)}`))).toThrow('nested too deeply');
});

test('accepts the first frame up to its own limit, and later ones up to the general limit', () => {
  const hello = encodeFrame({ text: 'x'.repeat(80) });
  const large = encodeFrame({ text: 'x'.repeat(200) });
  expect([
    ...new FrameDecoder(decodeMessage, 100).push(Buffer.concat([hello, large])),
  ]).toHaveLength(2);
  expect(() => [...new FrameDecoder(decodeMessage, 100).push(large)]).toThrow(
    'a frame of 211 bytes is above the limit of 100',
  );
});

test('holds at most twice the received bytes of a frame, however small its chunks', () => {
  const half = 256 * 1024;
  const decoder = new FrameDecoder(decodeMessage);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(maxFrameBytes);
  expect([...decoder.push(header)]).toEqual([]);
  const held = heldBytes(() => {
    for (let at = 0; at < half; at += 1)
      for (const _ of decoder.push(Buffer.of(0x20))) throw new Error('no frame is whole');
    return decoder;
  });
  expect(held).toBeLessThan(3 * half);
});

test('rejects an empty body, and continues after a frame that ends with its chunk', () => {
  expect(() => [...new FrameDecoder(decodeMessage).push(Buffer.alloc(4))]).toThrow(SyntaxError);
  const decoder = new FrameDecoder(decodeMessage);
  expect([...decoder.push(encodeFrame({ n: 1 }))]).toEqual([{ n: 1 }]);
  expect([...decoder.push(encodeFrame({ n: 2 }))]).toEqual([{ n: 2 }]);
});

test('decodes messages of the trusted agent too, and rejects a frame above the limit', () => {
  const bytes = Buffer.concat(messages.map((message) => encodeFrame(message)));
  for (const size of [1, 3, 7, 64, bytes.length]) {
    const decoder = new FrameDecoder(decodeTrusted);
    const seen: unknown[] = [];
    for (let at = 0; at < bytes.length; at += size)
      seen.push(...decoder.push(bytes.subarray(at, at + size)));
    expect(seen).toEqual(messages);
  }
  const header = Buffer.alloc(4);
  header.writeUInt32BE(maxFrameBytes + 1);
  expect(() => [...new FrameDecoder(decodeTrusted).push(header)]).toThrow(RangeError);
});

test('passes the bundle to the agent as unchanged text', () => {
  const bundle = asRawJson('{"application/json":{"n":9223372036854775808,"__proto__":1e400}}');
  const frame = {
    type: 'display',
    step_id: 'stp_1',
    bundle,
    is_main_result: false,
    truncated: false,
  } as const;
  const decoded = [...new FrameDecoder(decodeMessage).push(encodeWorkerFrame(frame))];
  expect(decoded.map((message) => workerFrameSchema.parse(message))).toEqual([frame]);
});
