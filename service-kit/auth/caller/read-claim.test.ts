import { expect, test } from 'vitest';
import { readClaim } from './to-principal.ts';

const claims = {
  tenant: 't',
  'https://example.com/tenant': 'u',
  realm_access: { roles: ['r'] },
  'kubernetes.io': { namespace: 'agents', serviceaccount: { name: 'runner' } },
  kubernetes: { io: { namespace: 'shadowed', only: 'here' } },
  'a.b': 'exact',
  a: { b: 'nested' },
};

test.each([
  ['tenant', 't'],
  ['https://example.com/tenant', 'u'],
  ['realm_access.roles', ['r']],
  ['kubernetes.io.namespace', 'agents'],
  ['kubernetes.io.serviceaccount.name', 'runner'],
  ['kubernetes.io.only', 'here'],
  ['a.b', 'exact'],
  ['realm_access.absent', undefined],
  ['realm_access', { roles: ['r'] }],
  ['tenant.length', undefined],
  ['constructor', undefined],
  ['realm_access.constructor.name', undefined],
  ['', undefined],
  ['.', undefined],
  ['a..b', undefined],
])('reads %s', (name, value) => {
  expect(readClaim(claims, name)).toEqual(value);
});
