import { expect, test } from 'vitest';
import { fitTerminationMessage } from './termination-message.ts';

test('leaves a short message unchanged', () => {
  const words = { end_reason: 'idle', end_detail: 'nobody used it' } as const;
  expect(JSON.parse(fitTerminationMessage(words))).toEqual(words);
});

test.each(['"', 'é', '🌍', '\n'])(
  'keeps the start and end of a long detail of %j in at most 4096 bytes of JSON',
  (character) => {
    const text = fitTerminationMessage({
      end_reason: 'crashed',
      end_detail: `first ${character.repeat(5_000)} last`,
    });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(JSON.parse(text).end_detail).toMatch(/^first [\s\S]*…[\s\S]* last$/);
  },
);
