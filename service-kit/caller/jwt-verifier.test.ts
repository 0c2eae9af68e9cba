import { createLocalJWKSet, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { createJwtVerifier } from './jwt-verifier.ts';
import type { CallerVerifier } from './principal.ts';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let known: Keys;
let stranger: Keys;
let verifier: CallerVerifier;

beforeAll(async () => {
  known = await generateKeyPair('ES256', { extractable: true });
  stranger = await generateKeyPair('ES256');
  verifier = createJwtVerifier({
    keys: createLocalJWKSet({ keys: [{ ...(await exportJWK(known.publicKey)), kid: 'k1' }] }),
    issuer: 'https://issuer.test',
    audience: 'steppe',
    algorithms: ['ES256', 'RS256'],
    tenantClaim: 'tenant',
    scopeClaim: 'scope',
    clockToleranceSeconds: 5,
  });
});

interface TokenOptions {
  claims?: Record<string, unknown>;
  issuer?: string;
  audience?: string;
  expires?: string | null;
  notBefore?: string;
  key?: Keys['privateKey'];
}

async function token({ claims = { tenant: 't1', scope: 'steps:run' }, ...options }: TokenOptions = {}): Promise<string> {
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setIssuer(options.issuer ?? 'https://issuer.test')
    .setAudience(options.audience ?? 'steppe');
  if (options.expires !== null) jwt.setExpirationTime(options.expires ?? '1m');
  if (options.notBefore) jwt.setNotBefore(options.notBefore);
  return jwt.sign(options.key ?? known.privateKey);
}

const verify = async (authorization: string | undefined) => verifier.verify(authorization);
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test('tells the tenant and the scopes, as a text or a list, the second time from its cache', async () => {
  const bearer = `Bearer ${await token()}`;
  const first = await verify(bearer);
  expect(first).toEqual({ tenantId: 't1', scopes: new Set(['steps:run']) });
  expect(verifier.verify(bearer)).toBe(first);
  expect(await verify(`bearer ${await token({ claims: { tenant: 't2', scope: ['a', 'b', 3] } })}`)).toEqual({
    tenantId: 't2',
    scopes: new Set(['a', 'b']),
  });
});

const refusals: [string, () => Promise<string> | string, RegExp][] = [
  ['an expired token', () => token({ expires: '-1m' }), /expired/],
  ['one without an end', () => token({ expires: null }), /exp/],
  ['one that is not valid yet', () => token({ notBefore: '1m' }), /not valid yet/],
  ['another issuer’s', () => token({ issuer: 'https://other.test' }), /iss/],
  ['one for another audience', () => token({ audience: 'other' }), /aud/],
  ['one that another key signed', () => token({ key: stranger.privateKey }), /signature/],
  ['one without a tenant', () => token({ claims: { scope: 'steps:run' } }), /tenant/],
  ['one whose tenant is empty', () => token({ claims: { tenant: '' } }), /tenant/],
  ['something that is no JWT', () => 'abc', /malformed/],
  ['alg none', async () => `${base64url({ alg: 'none' })}.${(await token()).split('.')[1]}.`, /algorithm|malformed/],
  [
    'HS256 signed with the public key',
    async () =>
      new SignJWT({ tenant: 't1' })
        .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
        .setIssuer('https://issuer.test')
        .setAudience('steppe')
        .setExpirationTime('1m')
        .sign(Buffer.from(await exportSPKI(known.publicKey))),
    /algorithm/,
  ],
];

test.each(refusals)('refuses %s and says why', async (_name, make, why) => {
  const refusal = expect.objectContaining({ code: 'unauthenticated', message: expect.stringMatching(why) });
  await expect(verify(`Bearer ${await make()}`)).rejects.toEqual(refusal);
});

test.each([undefined, '', 'Basic abc', 'Bearer', 'Bearer a b'])('refuses the header %s', async (header) => {
  const headers = { 'WWW-Authenticate': expect.stringMatching(/^Bearer/) };
  await expect(verify(header)).rejects.toEqual(expect.objectContaining({ code: 'unauthenticated', headers }));
});

test('lets trouble with the keys through as ours', async () => {
  const broken = createJwtVerifier({
    keys: () => Promise.reject(new TypeError('fetch failed')),
    issuer: 'i',
    audience: 'a',
    algorithms: ['ES256'],
    tenantClaim: 'tenant',
    scopeClaim: 'scope',
    clockToleranceSeconds: 5,
  });
  await expect(async () => broken.verify(`Bearer ${await token()}`)).rejects.toThrow(TypeError);
});
