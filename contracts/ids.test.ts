import { expect, it } from 'vitest';
import {
  createIds,
  instanceIdSchema,
  mintedAtMs,
  storedInstanceIdSchema,
  tenantIdSchema,
} from './ids.ts';

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

it('an instance id is fit to be a DNS label after steppe-, whoever creates it', () => {
  const isInstance = (id: string) => instanceIdSchema.safeParse(id).success;
  const minted = Array.from({ length: 200 }, () => idsAt(nowMs).instanceId());
  for (const id of [...minted, 'ins_1', `ins_${'a'.repeat(56)}`, 'ins_a-b'] as string[]) {
    expect(isInstance(id)).toBe(true);
    expect(`steppe-${id.slice('ins_'.length)}`).toMatch(/^(?=.{1,63}$)[a-z]([a-z0-9-]*[a-z0-9])?$/);
  }
  for (const id of ['ins_', 'ins_A', `ins_${'a'.repeat(57)}`, 'ins_a-', 'ins_a_b', 'ins_a\n'])
    expect(isInstance(id)).toBe(false);
});

it('an instance id of an earlier version stays readable', () => {
  const earlier = 'ins_01JD8Z6Y4M3K7Q9ZB5W8E2R6TY';
  expect(storedInstanceIdSchema.safeParse(earlier).success).toBe(true);
  expect(instanceIdSchema.safeParse(earlier).success).toBe(false);
});
