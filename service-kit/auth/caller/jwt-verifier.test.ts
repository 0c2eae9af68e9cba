import { createLocalJWKSet, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { createJwtVerifier, type JwtVerifierOptions, plainTokens } from './jwt-verifier.ts';
import type { CallerVerifier } from './principal.ts';

const rules = {
  ...plainTokens,
  issuers: ['https://issuer.test'],
  audiences: ['steppe'],
  algorithms: ['ES256', 'RS256'],
};

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let known: Keys;
let stranger: Keys;
let verifier: CallerVerifier;

beforeAll(async () => {
  known = await generateKeyPair('ES256', { extractable: true });
  stranger = await generateKeyPair('ES256');
  verifier = createJwtVerifier(
    {
      ...rules,
      keys: createLocalJWKSet({ keys: [{ ...(await exportJWK(known.publicKey)), kid: 'k1' }] }),
    },
    systemClock,
  );
});

interface TokenOptions {
  claims?: Record<string, unknown>;
  issuer?: string;
  audience?: string;
  expires?: string | null;
  notBefore?: string;
  key?: Keys['privateKey'];
}

async function token({
  claims = { tenant: 't1', scope: 'steps:run' },
  ...options
}: TokenOptions = {}): Promise<string> {
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setIssuer(options.issuer ?? 'https://issuer.test')
    .setAudience(options.audience ?? 'steppe');
  if (options.expires !== null) jwt.setExpirationTime(options.expires ?? '1m');
  if (options.notBefore) jwt.setNotBefore(options.notBefore);
  return jwt.sign(options.key ?? known.privateKey);
}

const verify = async (authorization: string | undefined) => verifier.verify(authorization);
const base64url = (value: object): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

test('returns the tenant and the scopes (text or list), then the same from its cache', async () => {
  const bearer = `Bearer ${await token()}`;
  const first = await verify(bearer);
  expect(first).toEqual({ tenantId: 't1', scopes: new Set(['steps:run']) });
  expect(verifier.verify(bearer)).toBe(first);
  expect(
    await verify(`bearer ${await token({ claims: { tenant: 't2', scope: ['a', 'b', 3] } })}`),
  ).toEqual({
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
  ['something that is not a JWT', () => 'abc', /malformed/],
  [
    'alg none',
    async () => `${base64url({ alg: 'none' })}.${(await token()).split('.')[1]}.`,
    /algorithm|malformed/,
  ],
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

test.each(refusals)('refuses %s and explains why', async (_name, make, why) => {
  const refusal = expect.objectContaining({
    code: 'unauthenticated',
    message: expect.stringMatching(why),
  });
  await expect(verify(`Bearer ${await make()}`)).rejects.toEqual(refusal);
});

test('accepts any number of spaces before the token', async () => {
  const bearer = await token();
  expect(await verify(`Bearer  ${bearer}`)).toEqual(await verify(`Bearer ${bearer}`));
});

test.each([undefined, '', 'Basic abc', 'Bearer', 'Bearer a b'])(
  'refuses the header %s',
  async (header) => {
    const headers = { 'WWW-Authenticate': expect.stringMatching(/^Bearer/) };
    await expect(verify(header)).rejects.toEqual(
      expect.objectContaining({ code: 'unauthenticated', headers }),
    );
  },
);

test('throws an unexpected error of ours unchanged', async () => {
  const broken = createJwtVerifier(
    {
      ...rules,
      keys: () => Promise.reject(new TypeError('a mistake')),
    },
    systemClock,
  );
  await expect(async () => broken.verify(`Bearer ${await token()}`)).rejects.toThrow(TypeError);
});

/** A verifier with some changed rules, and a count of the keys it requested. */
function openCounted(changed: Partial<JwtVerifierOptions>) {
  let requests = 0;
  const verifier = createJwtVerifier(
    {
      ...rules,
      keys: async () => {
        requests++;
        return known.publicKey;
      },
      ...changed,
    },
    systemClock,
  );
  return { requests: () => requests, verify: async (bearer: string) => verifier.verify(bearer) };
}

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
const secondsAgo = (seconds: number) => Math.floor(Date.now() / 1000) - seconds;
const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'unauthenticated', message: expect.stringMatching(message) });

test('verifies a new token once, even if many calls bring it at the same time', async () => {
  const { requests, verify: verifyCounted } = openCounted({});
  const bearer = `Bearer ${await token()}`;
  const principals = await Promise.all(Array.from({ length: 20 }, () => verifyCounted(bearer)));
  expect(new Set(principals).size).toBe(1);
  expect(requests()).toBe(1);
});

test('does not remember a token that failed to verify', async () => {
  let isKeyKnown = false;
  const { verify: verifyCounted } = openCounted({
    keys: async () => (isKeyKnown ? known : stranger).publicKey,
  });
  const bearer = `Bearer ${await token()}`;
  await expect(verifyCounted(bearer)).rejects.toEqual(refusal(/signature/));
  isKeyKnown = true;
  expect(await verifyCounted(bearer)).toMatchObject({ tenantId: 't1' });
});

describe('with a maximum age', () => {
  const maxAge = { maxAgeSeconds: 60, clockToleranceSeconds: 0 };
  const issued = (iat: unknown) => token({ claims: { tenant: 't1', iat }, expires: '1h' });

  test.each([
    ['issued before that', 61, /issued too long ago/],
    ['issued in the future', -30, /iat/],
    ['without the time of its issue', undefined, /iat/],
  ])('refuses a token %s', async (_, age, why) => {
    const bearer = `Bearer ${await issued(age === undefined ? undefined : secondsAgo(age))}`;
    await expect(openCounted(maxAge).verify(bearer)).rejects.toEqual(refusal(why));
  });

  test('remembers a token no longer than the maximum age', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const { requests, verify: verifyCounted } = openCounted(maxAge);
      const bearer = `Bearer ${await issued(secondsAgo(30))}`;
      await verifyCounted(bearer);
      later(20_000);
      await verifyCounted(bearer);
      expect(requests()).toBe(1);
      later(11_000);
      await expect(verifyCounted(bearer)).rejects.toEqual(refusal(/issued too long ago/));
    } finally {
      vi.useRealTimers();
    }
  });
});

test('fetches the key again after five minutes for a token that lives longer', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const { requests, verify: verifyCounted } = openCounted({});
    const bearer = `Bearer ${await token({ expires: '1d' })}`;
    await verifyCounted(bearer);
    later(299_000);
    await verifyCounted(bearer);
    expect(requests()).toBe(1);
    later(2_000);
    await verifyCounted(bearer);
    expect(requests()).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});

test('does not remember an expired token that the clock tolerance accepts', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const { requests, verify: verifyCounted } = openCounted({});
    const bearer = `Bearer ${await token({ expires: '10s' })}`;
    later(12_000);
    for (const times of [1, 2]) {
      await verifyCounted(bearer);
      expect(requests()).toBe(times);
    }
    later(5_000);
    await expect(verifyCounted(bearer)).rejects.toEqual(refusal(/expired/));
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ['no scope', undefined, ['steps:run']],
  ['an empty one', '', ['']],
  ['an empty list', [], []],
])(
  'a token with %s has the default scopes only if it has no scope claim',
  async (_, scope, scopes) => {
    const { verify: verifyCounted } = openCounted({ defaultScopes: ['steps:run'] });
    const principal = await verifyCounted(
      `Bearer ${await token({ claims: { tenant: 't1', scope } })}`,
    );
    expect([...principal.scopes]).toEqual(scopes);
  },
);

describe('the tenant’s own limits', () => {
  const limited = { quotaClaim: 'https://example.com/limits.sessions', rateClaim: 'rate' };
  const withLimits = (limits: object) => token({ claims: { tenant: 't1', ...limits } });

  test('are read from their claims, even if a provider writes them as texts', async () => {
    const bearer = `Bearer ${await withLimits({ 'https://example.com/limits': { sessions: 7 }, rate: '100' })}`;
    expect(await openCounted(limited).verify(bearer)).toMatchObject({
      sessionQuota: 7,
      requestsPerSecond: 100,
    });
  });

  test('may be zero sessions', async () => {
    const bearer = `Bearer ${await withLimits({ 'https://example.com/limits': { sessions: 0 } })}`;
    expect(await openCounted(limited).verify(bearer)).toMatchObject({ sessionQuota: 0 });
  });

  test('are the configured ones if the token has none', async () => {
    const principal = await openCounted(limited).verify(`Bearer ${await withLimits({})}`);
    expect([principal.sessionQuota, principal.requestsPerSecond]).toEqual([undefined, undefined]);
  });

  test.each([-1, 0, 1.5, 'many', '', null, []])('are refused if they are %j', async (rate) => {
    await expect(
      openCounted(limited).verify(`Bearer ${await withLimits({ rate })}`),
    ).rejects.toEqual(refusal(/rate/));
  });
});

test('replaces forbidden characters of a claim name in WWW-Authenticate', async () => {
  const { verify: verifyCounted } = openCounted({ tenantClaim: 'a"b\\é' });
  const headers = {
    'WWW-Authenticate':
      'Bearer error="invalid_token", error_description="the token has no tenant: the claim a?b?? must be a text"',
  };
  await expect(verifyCounted(`Bearer ${await token()}`)).rejects.toEqual(
    expect.objectContaining({ headers }),
  );
});
