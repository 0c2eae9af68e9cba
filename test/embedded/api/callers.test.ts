import { eventually } from '@steppe/service-kit/testing/eventually';
import { makeInternalKeyPair } from '@steppe/service-kit/testing/internal-key-pair';
import { SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../support/api/client.ts';
import { forge, hs256, publicKeyOf, signClaims } from '../../support/api/forged-token.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

const scope = 'sessions:read sessions:write steps:run';
const nowSeconds = () => Math.floor(Date.now() / 1000);
const goodClaims = () => ({
  iss: 'steppe-local',
  aud: 'steppe',
  tenant: 'forged',
  scope,
  exp: nowSeconds() + 600,
});
const sign = (options: Parameters<ReturnType<typeof local>['sign']>[0]) =>
  local().sign({ claims: { tenant: 'tenant', scope }, ...options });

const bearer = async (token: string | Promise<string>) => `Bearer ${await token}`;
const invalid = (description: string) =>
  `Bearer error="invalid_token", error_description="${description}"`;

async function strangersToken(kid: string): Promise<string> {
  const { privateKey } = await makeInternalKeyPair(kid);
  return new SignJWT(goodClaims()).setProtectedHeader({ alg: 'EdDSA', kid }).sign(privateKey);
}

async function alteredToken(): Promise<string> {
  const [header, claims = '', signature] = (await sign({})).split('.');
  const { tenant: _, ...rest } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  return [
    header,
    Buffer.from(JSON.stringify({ ...rest, tenant: 'another' })).toString('base64url'),
    signature,
  ].join('.');
}

const failures: { name: string; authorization: () => Promise<string> | undefined; says: string }[] =
  [
    { name: 'no token', authorization: () => undefined, says: 'Bearer' },
    {
      name: 'another scheme',
      authorization: async () => 'Basic dXNlcjpwYXNz',
      says: invalid('the Authorization header is not of the form Bearer <JWT>'),
    },
    {
      name: 'a scheme alone',
      authorization: async () => 'Bearer',
      says: invalid('the Authorization header is not of the form Bearer <JWT>'),
    },
    {
      name: 'two tokens',
      authorization: async () => `${await bearer(sign({}))} ${await sign({})}`,
      says: invalid('the Authorization header is not of the form Bearer <JWT>'),
    },
    {
      name: 'a malformed token',
      authorization: () => bearer('a.b.c'),
      says: invalid('the token is malformed'),
    },
    {
      name: 'a string that is not a JWT',
      authorization: () => bearer('token'),
      says: invalid('the token is malformed'),
    },
    {
      name: 'an expired token',
      authorization: () => bearer(sign({ expires: '-1h' })),
      says: invalid('the token has expired; get a new one'),
    },
    {
      name: 'a token that is not valid yet',
      authorization: () => bearer(sign({ notBefore: '1h' })),
      says: invalid('the token is not valid yet'),
    },
    {
      name: 'a token without an expiry',
      authorization: () => bearer(signClaims(local(), { ...goodClaims(), exp: undefined })),
      says: invalid('the claim exp is not the expected one'),
    },
    {
      name: 'a token without an issuer',
      authorization: () => bearer(signClaims(local(), { ...goodClaims(), iss: undefined })),
      says: invalid('the claim iss is not the expected one'),
    },
    {
      name: 'a wrong issuer',
      authorization: () => bearer(sign({ issuer: 'somebody' })),
      says: invalid('the claim iss is not the expected one'),
    },
    {
      name: 'a wrong audience',
      authorization: () => bearer(sign({ audience: 'something' })),
      says: invalid('the claim aud is not the expected one'),
    },
    {
      name: 'another key with the known key id',
      authorization: () => bearer(strangersToken('caller')),
      says: invalid('the signature does not verify'),
    },
    {
      name: 'another key with its own key id',
      authorization: () => bearer(strangersToken('strange')),
      says: invalid('no known key has signed the token'),
    },
    {
      name: 'altered claims',
      authorization: () => bearer(alteredToken()),
      says: invalid('the signature does not verify'),
    },
    {
      name: 'alg none',
      authorization: () => bearer(forge({ alg: 'none' }, goodClaims(), () => '')),
      says: invalid('the algorithm of the token is not allowed'),
    },
    {
      name: 'HS256 with the PEM public key as the secret',
      authorization: () => {
        const { kid, pem } = publicKeyOf(local());
        return bearer(forge({ alg: 'HS256', kid }, goodClaims(), hs256(pem)));
      },
      says: invalid('the algorithm of the token is not allowed'),
    },
    {
      name: 'HS256 with the public key’s bytes as the secret',
      authorization: () => {
        const { kid, jwk } = publicKeyOf(local());
        return bearer(
          forge({ alg: 'HS256', kid }, goodClaims(), hs256(Buffer.from(jwk.x, 'base64url'))),
        );
      },
      says: invalid('the algorithm of the token is not allowed'),
    },
    {
      name: 'no tenant',
      authorization: () => bearer(sign({ claims: { scope } })),
      says: invalid('the token has no tenant: the claim tenant must be a text'),
    },
    {
      name: 'a tenant that is not a string',
      authorization: () => bearer(sign({ claims: { scope, tenant: 7 } })),
      says: invalid('the token has no tenant: the claim tenant must be a text'),
    },
    {
      name: 'an empty tenant',
      authorization: () => bearer(sign({ claims: { scope, tenant: '' } })),
      says: invalid('the token has no tenant: the claim tenant must be a text'),
    },
  ];

describe('a call is refused with 401', () => {
  let client: Client;
  let id: string;
  beforeAll(async () => {
    client = await local().newClient();
    id = (await client.createSession()).session_id;
  });

  test.each(failures)('for $name', async ({ authorization, says }) => {
    const given = await authorization();
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (given !== undefined) headers.authorization = given;
    // The control-plane handles the first call, an agent the second; the session of the third never
    // existed.
    for (const path of ['/v1/sessions', `/v1/sessions/${id}/steps`, '/v1/sessions/ses_0/steps']) {
      const response = await fetch(`${local().url}${path}`, {
        method: 'POST',
        headers,
        body: '{"code":"ran = True"}',
      });
      expect(response.headers.get('www-authenticate')).toBe(says);
      expect(await client.errorOf(response)).toMatchObject({
        status: 401,
        code: 'unauthenticated',
        retryable: false,
        details: {},
      });
    }
  });

  test('and none of its code runs', async () => {
    expect((await client.run(id, '"ran" in globals()')).results).toMatchObject([
      { 'text/plain': 'False' },
    ]);
  });
});

test('a valid token is refused once it has expired', async () => {
  const client = connect(local().url, await sign({ expires: '1s' }));
  expect((await client.call('GET', '/v1/sessions')).status).toBe(200);
  // The verifier tolerates five seconds of clock skew.
  await eventually(async () => {
    expect(await client.errorOf(client.call('GET', '/v1/sessions'))).toMatchObject({
      status: 401,
      message: 'the token has expired; get a new one',
    });
  });
});
