import { expect, it } from 'vitest';
import { createIds, mintedAtMs, tenantIdSchema } from './ids.ts';

const nowMs = 1_795_600_200_000;
const idsAt = (ms: number) => createIds({ now: () => ms });

it('no id is minted twice, and they sort as they were minted', () => {
  const ids = idsAt(nowMs);
  const minted = Array.from({ length: 20_000 }, () => ids.stepId());
  expect(new Set(minted).size).toBe(minted.length);
  expect(minted.toSorted()).toEqual(minted);
});

it('ids of one millisecond differ at random from those of another process', () => {
  const random = Array.from({ length: 200 }, () => idsAt(nowMs).sessionId().slice(-16));
  for (let position = 0; position < 16; position += 1) {
    expect(new Set(random.map((characters) => characters[position])).size).toBeGreaterThan(16);
  }
});

it('ids come from the given chance alone: the same draws give the same ids', () => {
  const mint = () => {
    let drawn = 0;
    const random = () => (drawn++ % 1_000) / 1_000;
    const ids = createIds({ now: () => nowMs }, { random, uuid: () => 'u', nonce: () => 'n' });
    return [ids.sessionId(), ids.stepId(), ids.instanceId(), ids.uuid(), ids.nonce()];
  };
  expect(mint()).toEqual(mint());
});

it('a session id says when it was minted', () => {
  expect(mintedAtMs(idsAt(nowMs).sessionId())).toBe(nowMs);
});

it('no tenant has half a surrogate pair in its name: in UTF-8 two of them would be one', () => {
  const isTenant = (name: string) => tenantIdSchema.safeParse(name).success;
  expect(['\ud83d', '\ude00', '\ud83d\ude00'].map(isTenant)).toEqual([false, false, true]);
});
