import { generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { createLogger } from '../../process/logger.ts';
import { type KeyServer, startKeyServer } from '../../testing/key-server.ts';
import { makeTokenMaker, nowSeconds, type TokenMaker } from '../../testing/token-maker.ts';
import { createCallerVerifier } from './create-caller-verifier.ts';
import { plainTokens } from './jwt-verifier.ts';
import type { CallerVerifier } from './principal.ts';

const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  format: 'jwk',
});
const broken: Record<string, JWK> = {
  short: { ...short.publicKey.export({ format: 'jwk' }), kid: 'short' } as JWK,
  empty: { kty: 'RSA', kid: 'empty' },
  'off-curve': { ...curve, x: curve.y, kid: 'off-curve' } as JWK,
  'half-curve': { kty: 'EC', crv: 'P-256', x: curve.x, kid: 'half-curve' } as JWK,
  private: { ...short.privateKey.export({ format: 'jwk' }), kid: 'private' } as JWK,
};

let good: TokenMaker;
let server: KeyServer;
let verifier: CallerVerifier;
const lines: { level: string; kid?: string }[] = [];
beforeAll(async () => {
  good = await makeTokenMaker('good');
  server = await startKeyServer(good.publicJwk, ...Object.values(broken));
  const rules = {
    ...plainTokens,
    issuers: ['i'],
    audiences: ['a'],
    algorithms: ['RS256', 'ES256'],
  };
  const logger = createLogger({
    service: 'test',
    level: 'debug',
    to: { write: (line) => lines.push(JSON.parse(line)) },
  });
  verifier = await createCallerVerifier(
    { authMode: 'jwt', keys: { url: server.url }, ...rules },
    logger,
    systemClock,
  );
});
afterAll(() => server.stop());

const claims = (jti: string) => ({
  iss: 'i',
  aud: 'a',
  tenant: 't',
  scope: '',
  exp: nowSeconds() + 60,
  jti,
});
/** Only the form of the signature matters: it is never verified. */
async function tokenNaming(kid: string, jti: string): Promise<string> {
  const [, payload, signature] = (await good.sign(claims(jti))).split('.');
  const alg = broken[kid]?.kty === 'EC' ? 'ES256' : 'RS256';
  return `${Buffer.from(JSON.stringify({ alg, kid })).toString('base64url')}.${payload}.${signature}`;
}

test.each(Object.keys(broken))(
  'refuses tokens that name the key %s, and logs that once, without the tokens',
  async (kid) => {
    const tokens = await Promise.all(['1', '2', '3'].map((jti) => tokenNaming(kid, jti)));
    for (const token of tokens) {
      await expect(verifier.verify(`Bearer ${token}`)).rejects.toMatchObject({
        code: 'unauthenticated',
        status: 401,
      });
    }
    expect(lines.filter((line) => line.kid === kid)).toMatchObject([{ level: 'warn' }]);
    expect(JSON.stringify(lines)).not.toContain(tokens[0]?.split('.')[1]);
  },
);

test('verifies tokens of the other keys', async () => {
  expect(await verifier.verify(`Bearer ${await good.sign(claims('good'))}`)).toMatchObject({
    tenantId: 't',
  });
});
