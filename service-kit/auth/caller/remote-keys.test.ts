import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { type KeyServer, startKeyServer } from '../../testing/key-server.ts';
import { makeTokenMaker, nowSeconds, type TokenMaker } from '../../testing/token-maker.ts';
import { createJwtVerifier, plainTokens } from './jwt-verifier.ts';
import { cooldownMs, createRemoteKeys, failureCooldownMs } from './remote-keys.ts';

const minute = 60_000;
let server: KeyServer;
let first: TokenMaker;
let second: TokenMaker;
let outages: boolean[];
let serial = 0;

beforeEach(async () => {
  // Only the wall clock is fake: sockets and timers are real.
  vi.useFakeTimers({ toFake: ['Date'] });
  [first, second] = await Promise.all([makeTokenMaker('first'), makeTokenMaker('second')]);
  server = await startKeyServer(first.publicJwk);
  outages = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await server.stop();
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

const openVerifier = () =>
  createJwtVerifier(
    {
      ...plainTokens,
      keys: createRemoteKeys({
        url: server.url,
        onOutage: (isOut) => outages.push(isOut),
        clock: systemClock,
      }),
      issuers: ['i'],
      audiences: ['a'],
      algorithms: ['ES256'],
    },
    systemClock,
  );

/** Verifies a new token, which no cache of verified tokens contains. */
async function verify(verifier: ReturnType<typeof openVerifier>, maker: TokenMaker) {
  const jti = String(serial++);
  const token = await maker.sign({
    iss: 'i',
    aud: 'a',
    tenant: 't',
    scope: '',
    exp: nowSeconds() + 86_400,
    jti,
  });
  return verifier.verify(`Bearer ${token}`);
}

const known = { tenantId: 't' };
const unavailable = expect.objectContaining({
  code: 'identity_unavailable',
  status: 503,
  retryable: true,
  headers: { 'Retry-After': '5' },
  message: 'tokens cannot be verified just now: the issuer’s keys cannot be fetched; try again',
});
const unknownKey = expect.objectContaining({
  code: 'unauthenticated',
  message: 'no known key has signed the token',
});

test('fetches once for a burst of callers, and not again for later ones', async () => {
  const verifier = openVerifier();
  await Promise.all(Array.from({ length: 50 }, () => verify(verifier, first)));
  await verify(verifier, first);
  expect(server.requests()).toBe(1);
});

test('accepts a new key without a restart, and the old one until it is withdrawn', async () => {
  const verifier = openVerifier();
  await verify(verifier, first);
  server.publish(first.publicJwk, second.publicJwk);
  later(cooldownMs + 1);
  expect(await verify(verifier, second)).toMatchObject(known);
  expect(await verify(verifier, first)).toMatchObject(known);
  server.publish(second.publicJwk);
  later(10 * minute + 1);
  await expect(verify(verifier, first)).rejects.toEqual(unknownKey);
  expect(await verify(verifier, second)).toMatchObject(known);
});

test('refreshes keys and ends an outage on time even after the clock was set back', async () => {
  const verifier = openVerifier();
  await verify(verifier, first);
  server.publish(second.publicJwk);
  later(-60 * minute);
  expect(await verify(verifier, second)).toMatchObject(known);
  server.respondWith((_, res) => void res.destroy());
  later(10 * minute + 1);
  await verify(verifier, second);
  expect(outages).toEqual([true]);
  server.publish(second.publicJwk);
  later(-60 * minute);
  await verify(verifier, second);
  await expect.poll(() => outages).toEqual([true, false]);
});

test('fetches once per cool-down for invented keys, and does not delay known callers', async () => {
  const verifier = openVerifier();
  await verify(verifier, first);
  const stranger = await makeTokenMaker('stranger');
  const flood = async () => {
    const refusals = await Promise.allSettled(
      Array.from({ length: 100 }, () => verify(verifier, stranger)),
    );
    for (const refusal of refusals) expect(refusal).toMatchObject({ reason: unknownKey });
  };
  await flood();
  expect(server.requests()).toBe(1);
  later(cooldownMs + 1);
  await flood();
  await flood();
  expect(server.requests()).toBe(2);
  expect(await verify(verifier, first)).toMatchObject(known);
});

const troubles: [string, RequestListener][] = [
  ['returns 500', (_, res) => void res.writeHead(500).end('{"keys":[]}')],
  ['redirects', (_, res) => void res.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
  ['returns a page', (_, res) => void res.writeHead(200).end('<html>we will be back soon</html>')],
  ['returns an empty set', (_, res) => void res.writeHead(200).end('{"keys":[]}')],
  ['returns another document', (_, res) => void res.writeHead(200).end('{"keys":{"first":1}}')],
  [
    'returns without end',
    (_, res) =>
      void res.writeHead(200).end(`{"keys":[{"kty":"OKP"}]}${' '.repeat(2 * 1024 * 1024)}`),
  ],
  ['hangs up', (_, res) => void res.destroy()],
  [
    'breaks off',
    (_, res) =>
      void res.writeHead(200, { 'content-length': '100' }).write('{"keys":[', () => res.destroy()),
  ],
];

describe.each(troubles)('a key server that %s', (_name, response) => {
  test('does not affect known callers while it lasts, and its end is noticed', async () => {
    const verifier = openVerifier();
    await verify(verifier, first);
    server.respondWith(response);
    for (let hours = 0; hours < 12; hours++) {
      expect(await verify(verifier, first)).toMatchObject(known);
      later(60 * minute);
    }
    await expect(verify(verifier, second)).rejects.toEqual(unavailable);
    expect(outages).toEqual([true]);
    server.publish(second.publicJwk);
    later(failureCooldownMs + 1);
    expect(await verify(verifier, second)).toMatchObject(known);
    const requests = server.requests();
    later(60 * minute);
    expect(await verify(verifier, second)).toMatchObject(known);
    expect([server.requests(), outages]).toEqual([requests + 1, [true, false]]);
  });

  test('causes a 503, not a 401, if it never returned a key, and is not hammered', async () => {
    server.respondWith(response);
    const verifier = openVerifier();
    for (let i = 0; i < 20; i++) await expect(verify(verifier, first)).rejects.toEqual(unavailable);
    expect(server.requests()).toBe(1);
    server.publish(first.publicJwk);
    later(failureCooldownMs + 1);
    expect(await verify(verifier, first)).toMatchObject(known);
    expect(server.requests()).toBe(2);
  });
});

test('treats a refused connection to the key server as the same outage', async () => {
  const verifier = openVerifier();
  await verify(verifier, first);
  await server.stop();
  later(60 * minute);
  expect(await verify(verifier, first)).toMatchObject(known);
  await expect(verify(verifier, second)).rejects.toEqual(unavailable);
  server.publish(second.publicJwk);
  await server.restart();
  later(failureCooldownMs + 1);
  expect(await verify(verifier, second)).toMatchObject(known);
});

test('delays only the first caller if the key server does not respond for 5 s', async () => {
  const verifier = openVerifier();
  await verify(verifier, first);
  server.respondWith(() => {});
  later(10 * minute + 1);
  const waited = verify(verifier, first);
  await expect.poll(() => server.requests()).toBe(2);
  expect(await waited).toMatchObject(known);
  expect(outages).toEqual([true]);
  later(failureCooldownMs + 1);
  // The keys are fetched again, and nobody waits.
  expect(await verify(verifier, first)).toMatchObject(known);
  await expect.poll(() => server.requests()).toBe(3);
  expect(await verify(verifier, first)).toMatchObject(known);
});
