import { limits } from '@steppe/contracts/limits';
import { expect, test } from 'vitest';
import { agentLimitVariables } from './variables.ts';

test('requires a reader timeout longer than the promised keepalive interval', () => {
  const { STEPPE_READER_STALL_SECONDS: stall } = agentLimitVariables;
  expect(stall.safeParse(String(limits.keepaliveMs / 1000)).success).toBe(false);
  expect(stall.parse(String(limits.keepaliveMs / 1000 + 1))).toBe(6);
});
