import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { createJwtVerifier, plainTokens } from '@steppe/service-kit/auth/caller/jwt-verifier';
import { systemClock } from '@steppe/service-kit/process/clock';
import {
  makeTokenMaker,
  nowSeconds,
  type TokenMaker,
} from '@steppe/service-kit/testing/token-maker';
import { createLocalJWKSet } from 'jose';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { createInternalTokenVerifier } from './verifier.ts';

const instanceId = newInstanceId();
const issuer = 'https://issuer.test';
let maker: TokenMaker;
let internalMaker: TokenMaker;
beforeAll(async () => {
  [maker, internalMaker] = await Promise.all([makeTokenMaker('k'), makeTokenMaker('k', 'EdDSA')]);
});

type Verify = (claims: Record<string, unknown>) => Promise<unknown>;

const callersVerify =
  (maxAgeSeconds?: number): Verify =>
  async (claims) => {
    const keys = createLocalJWKSet({ keys: [maker.publicJwk] });
    const rules = {
      ...plainTokens,
      keys,
      issuers: [issuer],
      audiences: ['steppe'],
      algorithms: ['ES256'],
    };
    const token = await maker.sign({ iss: issuer, aud: 'steppe', tenant: 't', ...claims });
    return createJwtVerifier({ ...rules, maxAgeSeconds }, systemClock).verify(`Bearer ${token}`);
  };

const internalVerify: Verify = async (claims) => {
  const keys = createLocalJWKSet({ keys: [internalMaker.publicJwk] });
  const token = await internalMaker.sign({ iss: 'data-plane', aud: instanceId, ...claims });
  return createInternalTokenVerifier(instanceId, keys, systemClock).verify(`Bearer ${token}`);
};

const verifiers: [string, Verify][] = [
  ['a caller’s token', callersVerify()],
  ['a caller’s token of bounded age', callersVerify(60)],
  ['an internal token', internalVerify],
];

const oddTimes = [0, 0.5, -1, 1e15, 1e300, Number.MAX_SAFE_INTEGER, '5', '', null, true, [], {}];

describe.each(verifiers)('%s', (_, verify) => {
  test.each([-5, 0, 1, 4.9, 5])(
    'is accepted with an iat %d s ahead, within the clock tolerance',
    async (ahead) => {
      const iat = nowSeconds() + ahead;
      expect(await verify({ iat, exp: iat + 30 })).toBeDefined();
    },
  );

  test.each(['iat', 'nbf', 'exp'])(
    'is accepted or unauthenticated, whatever its %s is',
    async (name) => {
      const now = nowSeconds();
      const offsets = [-100, -6, -5.5, -5, -0.25, 0, 0.25, 1.000001, 5, 5.5, 6, 30.1, 3600.7];
      for (const value of [...offsets.map((offset) => now + offset), ...oddTimes]) {
        const verified = await verify({ iat: now, exp: now + 30, [name]: value }).catch(
          (error: unknown) => error,
        );
        if (verified instanceof Error) expect(verified).toMatchObject({ code: 'unauthenticated' });
      }
    },
  );
});

test('an internal token is remembered for at most its minute, whatever its exp is', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const verifier = createInternalTokenVerifier(
      instanceId,
      createLocalJWKSet({ keys: [internalMaker.publicJwk] }),
      systemClock,
    );
    const iat = nowSeconds();
    const token = await internalMaker.sign({
      iss: 'data-plane',
      aud: instanceId,
      iat,
      exp: iat + 3_600,
    });
    await verifier.verify(`Bearer ${token}`);
    vi.setSystemTime(Date.now() + 70_000);
    await expect(verifier.verify(`Bearer ${token}`)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  } finally {
    vi.useRealTimers();
  }
});
