import { join } from 'node:path';
import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { createKeyDirectory } from '@steppe/service-kit/auth/internal-token/key-directory';
import { createInternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import {
  openSigningKeys,
  publicationMs,
} from '@steppe/service-kit/auth/internal-token/signing-keys';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { keySetOf, makeInternalKeyPair } from '@steppe/service-kit/testing/internal-key-pair';
import {
  type MountedDirectory,
  mountDirectory,
} from '@steppe/service-kit/testing/mounted-directory';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createInternalTokenVerifier } from './verifier.ts';

let publicKeys: MountedDirectory;
let privateKeys: MountedDirectory;
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => {
  vi.useRealTimers();
  publicKeys.remove();
  privateKeys.remove();
});

const logger = createLogger({ service: 'test', level: 'silent' });
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

test('rotates a plane’s key without one refused call, with old and new agents', async () => {
  const [before, after, other] = await Promise.all(
    ['before', 'after', 'other'].map(makeInternalKeyPair),
  );
  if (!before || !after || !other) throw new Error('three were made');
  const published = (...keys: (typeof before)[]) => ({
    'control-plane.json': keySetOf(other.publicJwk),
    'data-plane.json': keySetOf(...keys.map(({ publicJwk }) => publicJwk)),
  });
  publicKeys = mountDirectory(published(before));
  privateKeys = mountDirectory({ key: JSON.stringify(before.privateJwk) });

  const openPlane = async () =>
    createInternalTokenSigner(
      'data-plane',
      await openSigningKeys({ path: join(privateKeys.path, 'key'), logger, clock: systemClock }),
      systemClock,
    );
  const openAgent = () => {
    const instanceId = newInstanceId();
    return {
      instanceId,
      verifier: createInternalTokenVerifier(
        instanceId,
        createKeyDirectory(publicKeys.path, logger, systemClock),
        systemClock,
      ),
    };
  };
  const planes = [await openPlane()];
  const agents = [openAgent()];
  const kids = new Set<unknown>();
  /** Every plane calls every agent every few seconds while tokens and keys are renewed. */
  const callAllFor = async (ms: number) => {
    for (const end = Date.now() + ms; Date.now() < end; later(7_000)) {
      for (const plane of planes) {
        for (const { instanceId, verifier } of agents) {
          const token = await plane.sign(instanceId);
          kids.add(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid);
          expect(await verifier.verify(`Bearer ${token}`)).toMatchObject({ plane: 'data-plane' });
        }
      }
    }
  };

  await callAllFor(60_000);
  publicKeys.update(published(before, after));
  later(1_001);
  privateKeys.update({ key: keySetOf(before.privateJwk, after.privateJwk) });
  await callAllFor(publicationMs / 2);
  expect([...kids]).toEqual(['before']);
  planes.push(await openPlane());
  agents.push(openAgent());
  await callAllFor(2 * publicationMs);
  expect([...kids]).toEqual(['before', 'after']);

  privateKeys.update({ key: JSON.stringify(after.privateJwk) });
  await callAllFor(publicationMs);
  planes.push(await openPlane());
  await callAllFor(publicationMs);
  publicKeys.update(published(after));
  kids.clear();
  agents.push(openAgent());
  await callAllFor(publicationMs);
  expect([...kids]).toEqual(['after']);
});
