import { createJwtVerifier, plainTokens } from '@steppe/service-kit/auth/caller/jwt-verifier';
import { createRemoteKeys, failureCooldownMs } from '@steppe/service-kit/auth/caller/remote-keys';
import { systemClock } from '@steppe/service-kit/process/clock';
import { type KeyServer, startKeyServer } from '@steppe/service-kit/testing/key-server';
import {
  makeTokenMaker,
  nowSeconds,
  type TokenMaker,
} from '@steppe/service-kit/testing/token-maker';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { echo } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let keyServer: KeyServer;
let issuer: TokenMaker;
let plane: TestDataPlane;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  issuer = await makeTokenMaker('issuer');
  keyServer = await startKeyServer();
  const keys = createRemoteKeys({ url: keyServer.url, onOutage: () => {}, clock: systemClock });
  const verifier = createJwtVerifier(
    {
      ...plainTokens,
      keys,
      issuers: ['i'],
      audiences: ['a'],
      algorithms: ['ES256'],
    },
    systemClock,
  );
  plane = await startTestDataPlane({}, { verifier });
});
afterEach(async () => {
  vi.useRealTimers();
  await plane.closeAll();
  await keyServer.stop();
});

it('returns 503 while the issuer’s keys are unavailable, and recovers with them', async () => {
  const agent = await plane.startAgent(echo);
  const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/steps`;
  const token = await issuer.sign({
    iss: 'i',
    aud: 'a',
    tenant: plane.tenantId,
    scope: 'steps:run',
    exp: nowSeconds() + 600,
  });
  const headers = { authorization: `Bearer ${token}` };
  keyServer.respondWith((_, res) => void res.writeHead(502).end(token));
  const refused = await plane.call({ path, headers });
  expect([
    refused.status,
    refused.headers['retry-after'],
    refused.headers['www-authenticate'],
  ]).toEqual([503, '5', undefined]);
  expect(JSON.parse(refused.text)).toMatchObject({
    error: { code: 'identity_unavailable', retryable: true, details: {} },
  });
  await expect.poll(() => plane.requests()).toMatchObject([{ outcome: 'identity_unavailable' }]);
  expect(agent.seen).toHaveLength(0);

  keyServer.publish(issuer.publicJwk);
  vi.setSystemTime(Date.now() + failureCooldownMs + 1);
  expect((await plane.call({ path, headers })).status).toBe(200);
  const stranger = await makeTokenMaker('issuer');
  const forged = await stranger.sign({
    iss: 'i',
    aud: 'a',
    tenant: plane.tenantId,
    scope: 'steps:run',
    exp: nowSeconds() + 600,
  });
  const response = await plane.call({ path, headers: { authorization: `Bearer ${forged}` } });
  expect([response.status, response.headers['www-authenticate']]).toEqual([
    401,
    'Bearer error="invalid_token", error_description="the signature does not verify"',
  ]);
  await expect.poll(() => plane.requests().length).toBe(3);
  const log = JSON.stringify(plane.lines);
  for (const part of [...token.split('.'), ...forged.split('.')]) expect(log).not.toContain(part);
});
