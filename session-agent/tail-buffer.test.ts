import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TailBuffer } from './tail-buffer.ts';

test('keeps the last bytes and counts the others, whatever the sizes of the writes', () => {
  const writes = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 });
  fc.assert(
    fc.property(writes, fc.nat({ max: 100 }), (given, maxBytes) => {
      const tail = new TailBuffer(maxBytes);
      for (const bytes of given) tail.push(Buffer.from(bytes));
      const all = Buffer.concat(given);
      const kept = all.subarray(Math.max(0, all.length - maxBytes));
      expect(tail.droppedBytes).toBe(all.length - kept.length);
      expect(tail.take().equals(kept)).toBe(true);
      expect(tail.take()).toHaveLength(0);
    }),
  );
});
