import { expect, test } from 'vitest';
import { readClaim } from './read-claim.ts';

const claims = { tenant: 't', 'https://example.com/tenant': 'u', realm_access: { roles: ['r'] } };

test.each([
  ['tenant', 't'],
  ['https://example.com/tenant', 'u'],
  ['realm_access.roles', ['r']],
  ['realm_access.absent', undefined],
  ['tenant.length', undefined],
  ['constructor', undefined],
  ['realm_access.constructor.name', undefined],
])('reads %s', (name, value) => {
  expect(readClaim(claims, name)).toEqual(value);
});
