import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../process/clock.ts';
import { createLogger } from '../process/logger.ts';
import { type MountedDirectory, mountDirectory } from '../testing/mounted-directory.ts';
import { makeTokenMaker, nowSeconds, type TokenMaker } from '../testing/token-maker.ts';
import { createJwtVerifier, plainTokens } from './caller/jwt-verifier.ts';
import { cooldownMs, createKeySetFile, longestMs } from './key-set-file.ts';

let mount: MountedDirectory;
let nowMs = 0;
let makers: [TokenMaker, TokenMaker];
beforeEach(async () => {
  makers = await Promise.all([makeTokenMaker('first'), makeTokenMaker('second')]);
  mount = mountDirectory({ 'jwks.json': setOf(makers[0]) });
});
afterEach(() => mount.remove());

const setOf = (...from: TokenMaker[]) =>
  JSON.stringify({ keys: from.map(({ publicJwk }) => publicJwk) });
const logger = createLogger({ service: 'test', level: 'silent' });

function openVerifier() {
  const file = createKeySetFile({
    path: join(mount.path, 'jwks.json'),
    logger,
    clock: { ...systemClock, now: () => nowMs },
  });
  const rules = { ...plainTokens, issuers: ['i'], audiences: ['a'], algorithms: ['ES256'] };
  const verifier = createJwtVerifier({ ...rules, keys: file.getKey }, systemClock);
  let serial = 0;
  return async (maker: TokenMaker) => {
    const token = await maker.sign({
      iss: 'i',
      aud: 'a',
      tenant: 't',
      exp: nowSeconds() + 600,
      jti: String(serial++),
    });
    return verifier.verify(`Bearer ${token}`);
  };
}

const unknownKey = expect.objectContaining({
  code: 'unauthenticated',
  message: 'no known key has signed the token',
});

test('a new key is read at most once a second, and a withdrawn one refused after 10 s', async () => {
  const verify = openVerifier();
  const [first, second] = makers;
  await verify(first);
  mount.update({ 'jwks.json': setOf(first, second) });
  await expect(verify(second)).rejects.toEqual(unknownKey);
  nowMs += cooldownMs + 1;
  expect(await verify(second)).toMatchObject({ tenantId: 't' });
  expect(await verify(first)).toMatchObject({ tenantId: 't' });
  mount.update({ 'jwks.json': setOf(second) });
  nowMs += longestMs + 1;
  await expect(verify(first)).rejects.toEqual(unknownKey);
});

test.each(['{"keys":[]}', '{"keys":', '[]'])(
  'keeps the previous keys in use if the file contains %s',
  async (text) => {
    const verify = openVerifier();
    await verify(makers[0]);
    mount.update({ 'jwks.json': text });
    nowMs += 60_000;
    expect(await verify(makers[0])).toMatchObject({ tenantId: 't' });
  },
);

test('reports private keys in it as our mistake, not as the caller’s', async () => {
  const { privateJwk } = await makeTokenMaker('private');
  mount.update({ 'jwks.json': JSON.stringify({ keys: [privateJwk] }) });
  const maker = await makeTokenMaker('private');
  await expect(openVerifier()(maker)).rejects.toMatchObject({ code: 'ERR_JWKS_INVALID' });
});
