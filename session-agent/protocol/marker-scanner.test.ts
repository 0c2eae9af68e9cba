import { expect, test } from 'vitest';
import { MarkerScanner } from './marker-scanner.ts';
import { endMarker, startMarker, turnMarker } from './wire-format.ts';

const nonce = '0123456789abcdef0123456789abcdef';
const otherNonce = 'f'.repeat(32);

function scan(chunks: Buffer[], armed = nonce) {
  const seen = { step: '', background: '', ended: 0 };
  const scanner = new MarkerScanner({
    bytes: (place, bytes) => {
      seen[place] += bytes.toString('latin1');
    },
    turned: (turn, shown) => {
      seen.step += `<${turn}|${shown}>`;
    },
    ended: () => {
      seen.ended += 1;
    },
  });
  scanner.arm(armed);
  for (const chunk of chunks) scanner.push(chunk);
  return { seen, scanner };
}

const whole = Buffer.concat([
  Buffer.from('before'),
  startMarker(nonce),
  Buffer.from('in\x1e'),
  turnMarker(nonce, 1, 0),
  turnMarker(nonce, 123_456_789, 123_456_789),
  Buffer.from('side'),
  endMarker(nonce),
  Buffer.from('after'),
]);

test.each([1, 2, 5, 13, 1000])(
  'separates the step from the background around it in chunks of %i bytes',
  (size) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < whole.length; at += size) chunks.push(whole.subarray(at, at + size));
    expect(scan(chunks).seen).toEqual({
      step: 'in\x1e<1|0><123456789|123456789>side',
      background: 'beforeafter',
      ended: 1,
    });
  },
);

test('output between steps belongs to no step, even without the last end marker', () => {
  const { seen, scanner } = scan([startMarker(nonce), Buffer.from('a')]);
  scanner.arm(otherNonce);
  scanner.push(Buffer.from('b'));
  expect(seen).toEqual({ step: 'a', background: 'b', ended: 0 });
});

test('treats the markers of another nonce as output', () => {
  const { seen } = scan([
    startMarker(nonce),
    startMarker(otherNonce),
    endMarker(otherNonce),
    endMarker(nonce),
  ]);
  expect(seen.step).toBe(`${startMarker(otherNonce)}${endMarker(otherNonce)}`);
  expect(seen.ended).toBe(1);
});

test.each(['', 'start', '1', '1,2,3', '1234567890,1', 'x'.repeat(99), '\x1e\x1e'])(
  'treats a marker without a meaning as output: %j',
  (name) => {
    const unknown = `\x1esteppe:${nonce}:${name}\x1e`;
    const { seen } = scan([startMarker(nonce), Buffer.from(unknown), endMarker(nonce)]);
    expect(seen).toEqual({ step: unknown, background: '', ended: 1 });
  },
);

test('turns come only within a step', () => {
  const turn = turnMarker(nonce, 1, 0);
  const { seen } = scan([turn, startMarker(nonce), endMarker(nonce), turn]);
  expect(seen).toEqual({ step: '', background: `${turn}${turn}`, ended: 1 });
});

test('passes on immediately what cannot be a marker', () => {
  const { seen } = scan([startMarker(nonce), Buffer.from('50 %\r')]);
  expect(seen.step).toBe('50 %\r');
});

test('passes on a held beginning of a marker when the stream ends', () => {
  const { seen, scanner } = scan([startMarker(nonce), Buffer.from('text\x1estep')]);
  expect(seen.step).toBe('text');
  scanner.end();
  expect(seen.step).toBe('text\x1estep');
});

test('finds an end marker after a byte that could begin one', () => {
  const { seen } = scan([startMarker(nonce), Buffer.from('\x1e'), endMarker(nonce)]);
  expect(seen).toEqual({ step: '\x1e', background: '', ended: 1 });
});
