import { expect, test } from 'vitest';
import { fitTerminationMessage } from './termination-message.ts';

test('leaves short words as they are', () => {
  const words = { end_reason: 'idle', end_detail: 'nobody used it' } as const;
  expect(JSON.parse(fitTerminationMessage(words))).toEqual(words);
});

test.each(['"', 'é', '🌍', '\n'])(
  'keeps beginning and end of a long detail of %j, as JSON of at most 4096 bytes',
  (character) => {
    const text = fitTerminationMessage({
      end_reason: 'crashed',
      end_detail: `first ${character.repeat(5_000)} last`,
    });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(JSON.parse(text).end_detail).toMatch(/^first [\s\S]*…[\s\S]* last$/);
  },
);
