import { expect, test } from 'vitest';
import { inParts } from './in-parts.ts';

const neverAborted = new AbortController().signal;

test('lets pending events run after each 500 items', async () => {
  let done = 0;
  const seen: number[] = [];
  const watch = () => {
    seen.push(done);
    if (done < 1_600) setImmediate(watch);
  };
  setImmediate(watch);
  await inParts(Array(1_600).keys(), neverAborted, () => {
    done += 1;
  });
  expect(seen).toEqual([500, 1_000, 1_500]);
});

test('stops between two parts when the signal aborts', async () => {
  const stopping = new AbortController();
  let done = 0;
  setImmediate(() => stopping.abort(new Error('stopped')));
  const working = inParts(Array(1_600).keys(), stopping.signal, () => {
    done += 1;
  });
  await expect(working).rejects.toThrow('stopped');
  expect(done).toBe(500);
});
