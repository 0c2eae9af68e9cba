import { expect, it } from 'vitest';
import { createIds, mintedAtMs, tenantIdSchema } from './ids.ts';

const nowMs = 1_795_600_200_000;
const idsAt = (ms: number) => createIds({ now: () => ms });

it('no id is created twice, and ids sort by creation time', () => {
  const ids = idsAt(nowMs);
  const minted = Array.from({ length: 20_000 }, () => ids.stepId());
  expect(new Set(minted).size).toBe(minted.length);
  expect(minted.toSorted()).toEqual(minted);
});

it('ids that two processes create in one millisecond differ at random', () => {
  const random = Array.from({ length: 200 }, () => idsAt(nowMs).sessionId().slice(-16));
  for (let position = 0; position < 16; position += 1) {
    expect(new Set(random.map((characters) => characters[position])).size).toBeGreaterThan(16);
  }
});

it('ids come only from the given randomness: the same draws give the same ids', () => {
  const mint = () => {
    let drawn = 0;
    const random = () => (drawn++ % 1_000) / 1_000;
    const ids = createIds({ now: () => nowMs }, { random, uuid: () => 'u', nonce: () => 'n' });
    return [ids.sessionId(), ids.stepId(), ids.instanceId(), ids.uuid(), ids.nonce()];
  };
  expect(mint()).toEqual(mint());
});

it('a session id contains its creation time', () => {
  expect(mintedAtMs(idsAt(nowMs).sessionId())).toBe(nowMs);
});

it('a tenant name with a lone surrogate is refused: in UTF-8 two such names would be equal', () => {
  const isTenant = (name: string) => tenantIdSchema.safeParse(name).success;
  expect(['\ud83d', '\ude00', '\ud83d\ude00'].map(isTenant)).toEqual([false, false, true]);
});
