import { operations } from '@steppe/contracts/operations';
import { scopes } from '@steppe/contracts/scopes';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../support/api/client.ts';
import { newTenant } from '../../support/api/issuer.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

const calls = Object.entries(operations).map(([name, operation]) => ({ name, ...operation }));

describe.each(calls)('$name needs $scope', ({ method, path, scope }) => {
  const tenant = newTenant();
  let target: string;
  const clientWith = async (scopeClaim: unknown): Promise<Client> =>
    connect(
      local().url,
      await local().sign({
        claims: { tenant, ...(scopeClaim !== undefined && { scope: scopeClaim }) },
      }),
    );
  const call = (client: Client) =>
    client.call(method, target, method === 'POST' || method === 'PATCH' ? {} : undefined);

  // Scopes are checked before the session is looked up, so these tests need no session.
  beforeAll(() => {
    target = path
      .replace(':session_id', 'ses_0')
      .replace(':step_id', 'none')
      .replace('*', 'none.txt');
  });

  test.each([
    { has: 'all other scopes', claim: scopes.filter((other) => other !== scope).join(' ') },
    { has: 'no scope', claim: undefined },
    { has: 'scopes that only resemble it', claim: `${scope}s ${scope.toUpperCase()}` },
    { has: 'a claim of another type', claim: { [scope]: true } },
  ])('and refuses a token with $has', async ({ claim }) => {
    const client = await clientWith(claim);
    const response = await call(client);
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer error="insufficient_scope", scope="${scope}"`,
    );
    if (method === 'HEAD') return;
    expect(await client.errorOf(response)).toMatchObject({
      code: 'insufficient_scope',
      retryable: false,
    });
  });

  test.each([
    { form: 'a string', claim: `other ${scope}` },
    { form: 'a list', claim: ['other', scope] },
  ])('and accepts a token that has it in $form', async ({ claim }) => {
    const { status } = await call(await clientWith(claim));
    expect([401, 403]).not.toContain(status);
    expect(status).toBeLessThan(500);
  });
});
