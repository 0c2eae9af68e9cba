import { expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import { RawStream } from './raw-stream.ts';
import { endMarker, startMarker } from './wire-format.ts';

const nonce = '0'.repeat(32);

function open() {
  const { clock, passTo } = manualClock();
  const seen = { bytes: 0, resumed: 0 };
  let arrive: (bytes: Buffer) => boolean = () => false;
  const stream = new RawStream(
    {
      read: (onBytes) => {
        arrive = onBytes;
      },
      resume: () => {
        seen.resumed += 1;
      },
      destroy: () => {},
      releaseWriteEnd: () => {},
      unlink: () => {},
    },
    {
      bytes: (_, bytes) => {
        seen.bytes += bytes.length;
      },
      turned: () => {},
    },
    clock,
  );
  const waitFor = (ms: number) => passTo((clock.monotonicMs() + ms) / 1000);
  /** @returns after how many reads it rests, if it does. */
  const readUntilRest = (size: number, reads = 50): number | undefined => {
    for (let count = 1; count <= reads; count += 1) if (!arrive(Buffer.alloc(size))) return count;
    return undefined;
  };
  return { stream, seen, waitFor, readUntilRest, arrive: (bytes: Buffer) => arrive(bytes) };
}

test('rests after many small reads in quick succession, and then after each one', () => {
  const { seen, waitFor, readUntilRest } = open();
  expect(readUntilRest(80)).toBeGreaterThan(4);
  expect(seen.resumed).toBe(0);
  waitFor(5);
  expect(seen.resumed).toBe(1);
  expect(readUntilRest(20_000)).toBe(1);
  waitFor(5);
  expect([seen.resumed, readUntilRest(80)]).toEqual([2, 1]);
});

test('does not rest while much arrives, nor after reads with pauses between', () => {
  const { waitFor, readUntilRest } = open();
  expect(readUntilRest(20_000)).toBeUndefined();
  expect(readUntilRest(80)).toBeDefined();
  waitFor(5);
  expect(readUntilRest(60_000)).toBeUndefined();
  for (let read = 0; read < 50; read += 1) {
    waitFor(4);
    expect(readUntilRest(80, 1)).toBeUndefined();
  }
});

test('rests shorter after much has arrived during a rest, and longer after little', () => {
  const { seen, waitFor, readUntilRest } = open();
  readUntilRest(80);
  for (const ms of [4, 2, 1]) {
    const before = seen.resumed;
    waitFor(ms - 0.5);
    expect(seen.resumed).toBe(before);
    waitFor(1);
    expect(seen.resumed).toBe(before + 1);
    expect(readUntilRest(60_000)).toBeUndefined();
    expect(readUntilRest(80)).toBe(2);
  }
  waitFor(1.5);
  expect(readUntilRest(20_000)).toBe(1);
  waitFor(1.5);
  expect(readUntilRest(80)).toBe(1);
  const before = seen.resumed;
  waitFor(1.5);
  expect(seen.resumed).toBe(before);
  waitFor(1);
  expect(seen.resumed).toBe(before + 1);
});

test('reads on at once when a step begins or ends', async () => {
  const { stream, seen, arrive, readUntilRest } = open();
  readUntilRest(80);
  const ended = stream.arm(nonce);
  expect(seen.resumed).toBe(1);
  arrive(startMarker(nonce));
  readUntilRest(80);
  stream.wake();
  expect(seen.resumed).toBe(2);
  arrive(endMarker(nonce));
  await ended;
  stream.wake();
  expect(seen.resumed).toBe(2);
});
