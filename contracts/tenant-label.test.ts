import { expect, it } from 'vitest';
import { tenantIdSchema, tenantLabel } from './ids.ts';

const labelOf = (name: string) => tenantLabel(tenantIdSchema.parse(name));

it('every tenant has a label value that Kubernetes accepts', () => {
  for (const name of ['a', 'Ünïcode / #: ', 'x'.repeat(256), '_-.'])
    expect(labelOf(name)).toMatch(/^[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?$/);
});

it('the label of a tenant never changes, and tenants that differ in case have two labels', () => {
  expect(labelOf('acme')).toBe('822b33ad87c148a0a20a5ba7cd5ebcaa');
  expect(labelOf('Acme')).not.toBe(labelOf('acme'));
});
