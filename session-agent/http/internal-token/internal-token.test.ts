import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import {
  createKeyDirectory,
  keyFileName,
} from '@steppe/service-kit/auth/internal-token/key-directory';
import {
  createInternalTokenSigner,
  type InternalKey,
} from '@steppe/service-kit/auth/internal-token/signer';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { keySetOf, makeInternalKeyPair } from '@steppe/service-kit/testing/internal-key-pair';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createInternalTokenVerifier } from './verifier.ts';

const logger = createLogger({ service: 'test', level: 'silent' });
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'steppe-keys-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

async function newKey(plane: 'control-plane' | 'data-plane', kid: string): Promise<InternalKey> {
  const pair = await makeInternalKeyPair(kid);
  writeFileSync(join(directory, keyFileName(plane)), keySetOf(pair.publicJwk));
  return pair;
}

const instanceId = newInstanceId();
const sessionId = newSessionId();
const code = (expected: string) => expect.objectContaining({ code: expected });

test('an agent tells both planes apart by their keys, and reads a token’s session', async () => {
  const verifier = createInternalTokenVerifier(
    instanceId,
    createKeyDirectory(directory, logger, systemClock),
    systemClock,
  );
  for (const plane of ['control-plane', 'data-plane'] as const) {
    const signer = createInternalTokenSigner(plane, await newKey(plane, `${plane}-1`), systemClock);
    const token = await signer.sign(instanceId, sessionId);
    expect(await verifier.verify(`Bearer ${token}`)).toEqual({ plane, sessionId });
    expect(await signer.sign(instanceId, sessionId)).toBe(token);
  }
});

test('signs a new token after 40 s, or if a clock change puts it in the future', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const signer = createInternalTokenSigner(
    'control-plane',
    await newKey('control-plane', 'c'),
    systemClock,
  );
  const token = await signer.sign(instanceId);
  vi.setSystemTime(Date.now() + 40_001);
  expect(await signer.sign(instanceId)).not.toBe(token);
  vi.setSystemTime(Date.now() - 3_600_000);
  const verifier = createInternalTokenVerifier(
    instanceId,
    createKeyDirectory(directory, logger, systemClock),
    systemClock,
  );
  expect(await verifier.verify(`Bearer ${await signer.sign(instanceId)}`)).toMatchObject({
    plane: 'control-plane',
  });
});

test('reports a token for another instance as misdirected', async () => {
  const signer = createInternalTokenSigner(
    'data-plane',
    await newKey('data-plane', 'd'),
    systemClock,
  );
  const verifier = createInternalTokenVerifier(
    instanceId,
    createKeyDirectory(directory, logger, systemClock),
    systemClock,
  );
  await expect(verifier.verify(`Bearer ${await signer.sign(newInstanceId())}`)).rejects.toEqual(
    code('misdirected'),
  );
});

test('rejects a token that one plane signs in the name of the other', async () => {
  await newKey('control-plane', 'k');
  const dataPlaneKey = await newKey('data-plane', 'k');
  const forged = createInternalTokenSigner('control-plane', dataPlaneKey, systemClock);
  const verifier = createInternalTokenVerifier(
    instanceId,
    createKeyDirectory(directory, logger, systemClock),
    systemClock,
  );
  await expect(verifier.verify(`Bearer ${await forged.sign(instanceId)}`)).rejects.toEqual(
    code('unauthenticated'),
  );
});

test('reads a new key from the directory if a token names it, once a second at most', async () => {
  let now = 0;
  const keys = createKeyDirectory(directory, logger, { ...systemClock, now: () => now });
  const verifier = createInternalTokenVerifier(instanceId, keys, systemClock);
  const first = createInternalTokenSigner(
    'data-plane',
    await newKey('data-plane', 'first'),
    systemClock,
  );
  await verifier.verify(`Bearer ${await first.sign(instanceId)}`);
  const second = createInternalTokenSigner(
    'data-plane',
    await newKey('data-plane', 'second'),
    systemClock,
  );
  const token = `Bearer ${await second.sign(instanceId)}`;
  await expect(verifier.verify(token)).rejects.toEqual(code('unauthenticated'));
  now = 1_500;
  expect(await verifier.verify(token)).toMatchObject({ plane: 'data-plane' });
});

test.each([undefined, 'Bearer', 'Bearer abc', 'Basic x'])(
  'refuses the header %s',
  async (header) => {
    const verifier = createInternalTokenVerifier(
      instanceId,
      createKeyDirectory(directory, logger, systemClock),
      systemClock,
    );
    await expect(verifier.verify(header)).rejects.toEqual(code('unauthenticated'));
  },
);

test('a key that is briefly unavailable fails only the calls of that moment', async () => {
  const key = await newKey('data-plane', 'k1');
  let isOut = true;
  const signer = createInternalTokenSigner(
    'data-plane',
    async () => {
      if (isOut) throw new Error('the file is being replaced');
      return key;
    },
    systemClock,
  );
  await expect(signer.sign(instanceId, sessionId)).rejects.toThrow('being replaced');
  isOut = false;
  expect(await signer.sign(instanceId, sessionId)).toMatch(/^ey/);
});

test('rejects a token of another session of the same instance', async () => {
  const verifier = createInternalTokenVerifier(
    instanceId,
    createKeyDirectory(directory, logger, systemClock),
    systemClock,
  );
  const signer = createInternalTokenSigner(
    'data-plane',
    await newKey('data-plane', 'k1'),
    systemClock,
  );
  for (const requested of [sessionId, newSessionId(), undefined]) {
    expect(await verifier.verify(`Bearer ${await signer.sign(instanceId, requested)}`)).toEqual({
      plane: 'data-plane',
      sessionId: requested,
    });
  }
});

test('accepts a token only for its minute, even if it was verified before', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const verifier = createInternalTokenVerifier(
    instanceId,
    createKeyDirectory(directory, logger, systemClock),
    systemClock,
  );
  const bearer = `Bearer ${await createInternalTokenSigner('data-plane', await newKey('data-plane', 'k1'), systemClock).sign(instanceId)}`;
  await verifier.verify(bearer);
  vi.setSystemTime(Date.now() + 70_000);
  await expect(verifier.verify(bearer)).rejects.toEqual(code('unauthenticated'));
});

test('accepts a token for no longer than that, whatever its claims say', async () => {
  const { kid, privateKey } = await newKey('data-plane', 'k1');
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .setIssuer('data-plane')
    .setAudience(instanceId)
    .setIssuedAt(Math.floor(Date.now() / 1000) - 120)
    .setExpirationTime('1h')
    .sign(privateKey);
  const verifier = createInternalTokenVerifier(
    instanceId,
    createKeyDirectory(directory, logger, systemClock),
    systemClock,
  );
  await expect(verifier.verify(`Bearer ${token}`)).rejects.toEqual(code('unauthenticated'));
});

test.each([-15, -5, 5, 15])(
  'accepts a token if the agent’s clock differs from the plane’s by %d s',
  async (seconds) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const key = await newKey('data-plane', 'k1');
    const token = await createInternalTokenSigner('data-plane', key, systemClock).sign(instanceId);
    vi.setSystemTime(Date.now() + seconds * 1000);
    const verifier = createInternalTokenVerifier(
      instanceId,
      createKeyDirectory(directory, logger, systemClock),
      systemClock,
    );
    expect(await verifier.verify(`Bearer ${token}`)).toMatchObject({ plane: 'data-plane' });
  },
);
