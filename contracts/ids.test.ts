import { expect, it } from 'vitest';
import { mintedAtMs, newSessionId, newStepId, tenantIdSchema } from './ids.ts';

/** A time that is past counts as the last one that an id was minted at. */
const laterMs = Date.now() + 86_400_000;

it('no id is minted twice, and they sort as they were minted', () => {
  const ids = Array.from({ length: 20_000 }, () => newStepId());
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
});

it('ids of one millisecond differ at random from those of another process', () => {
  const random = Array.from({ length: 200 }, (_, ms) => newSessionId(laterMs + ms).slice(-16));
  for (let position = 0; position < 16; position += 1) {
    expect(new Set(random.map((characters) => characters[position])).size).toBeGreaterThan(16);
  }
});

it('a session id says when it was minted', () => {
  expect(mintedAtMs(newSessionId(laterMs + 1_000))).toBe(laterMs + 1_000);
});

it('no tenant has half a surrogate pair in its name: in UTF-8 two of them would be one', () => {
  const isTenant = (name: string) => tenantIdSchema.safeParse(name).success;
  expect(['\ud83d', '\ude00', '\ud83d\ude00'].map(isTenant)).toEqual([false, false, true]);
});
