import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { createKeyDirectory } from '@steppe/service-kit/auth/internal-token/key-directory';
import { createInternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { openSigningKeys } from '@steppe/service-kit/auth/internal-token/signing-keys';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { mountDirectory } from '@steppe/service-kit/testing/mounted-directory';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { beforeEach, expect, test } from 'vitest';
import { ensureDevIssuer } from './dev-issuer.ts';
import { ensureKeyPair, privateEntry, publishKeys } from './key-pairs.ts';
import type { NamedObjects, ObjectName } from './named-objects.ts';

let entries: Map<string, Readonly<Record<string, string>>>;
let objects: NamedObjects;
const keyOf = ({ kind, namespace, name }: ObjectName) => `${kind} ${namespace}/${name}`;
beforeEach(() => {
  entries = new Map();
  objects = {
    read: async (object) => entries.get(keyOf(object)) ?? null,
    apply: async (object, text) => void entries.set(keyOf(object), text),
    remove: async (object) => void entries.delete(keyOf(object)),
  };
});

const logger = createLogger({ service: 'test', level: 'silent' });
const secret = (name: string) => ({ kind: 'Secret', namespace: 'planes', name }) as const;
const secrets = { 'control-plane': secret('first'), 'data-plane': secret('second') };
const configMap = { kind: 'ConfigMap', namespace: 'sessions', name: 'public' } as const;

test('agents verify with the published keys what each plane signs with its own', async () => {
  for (const one of Object.values(secrets)) expect(await ensureKeyPair(objects, one)).toBe('made');
  await publishKeys(objects, secrets, configMap);
  const mount = mountDirectory({
    ...entries.get(keyOf(configMap)),
    'first.json': entries.get(keyOf(secrets['control-plane']))?.[privateEntry] ?? '',
  });
  const keys = await openSigningKeys({
    path: `${mount.path}/first.json`,
    logger,
    clock: systemClock,
  });
  const audience = newInstanceId();
  const token = await createInternalTokenSigner('control-plane', keys, systemClock).sign(audience);
  const verified = await jwtVerify(token, createKeyDirectory(mount.path, logger, systemClock), {
    audience,
  });
  expect(verified.payload.iss).toBe('control-plane');
  mount.remove();
});

test('a key that exists is kept, whatever it holds', async () => {
  await objects.apply(secrets['data-plane'], { [privateEntry]: 'a key of a later version' });
  expect(await ensureKeyPair(objects, secrets['data-plane'])).toBe('kept');
  expect(await objects.read(secrets['data-plane'])).toEqual({
    [privateEntry]: 'a key of a later version',
  });
});

test('no private key is published, and every key of a set is', async () => {
  for (const one of Object.values(secrets)) await ensureKeyPair(objects, one);
  const [first, second] = Object.values(secrets).map(
    (one) =>
      JSON.parse(entries.get(keyOf(one))?.[privateEntry] ?? '') as { d: string; kid: string },
  );
  await objects.apply(secrets['data-plane'], {
    [privateEntry]: JSON.stringify({ keys: [first, second] }),
  });
  await publishKeys(objects, secrets, configMap);
  const published = entries.get(keyOf(configMap)) ?? {};
  const { keys } = JSON.parse(published['data-plane.json'] ?? '') as { keys: { kid: string }[] };
  expect(keys.map(({ kid }) => kid)).toEqual([first?.kid, second?.kid]);
  for (const text of Object.values(published)) expect(text).not.toContain('"d"');
});

test('a Secret without a key is named, and its content is not', async () => {
  await ensureKeyPair(objects, secrets['control-plane']);
  const published = () => publishKeys(objects, secrets, configMap);
  await expect(published()).rejects.toThrow('the Secret second does not exist');
  await objects.apply(secrets['data-plane'], { [privateEntry]: '{"d":"hidden"}' });
  await expect(published()).rejects.toThrow(/Secret second holds no JSON Web Key/);
  await expect(published()).rejects.not.toThrow(/hidden/);
});

test('the dev issuer keeps its key and renews its token', async () => {
  const issuer = { namespace: 'planes', name: 'dev', tenant: 'acme', tokenTtlSeconds: 60 };
  const jwks = () =>
    JSON.parse(entries.get('ConfigMap planes/dev')?.['jwks.json'] ?? '') as { keys: object[] };
  await ensureDevIssuer(objects, issuer, systemClock);
  const before = jwks();
  await ensureDevIssuer(objects, issuer, { now: () => systemClock.now() + 30_000 });
  expect(jwks()).toEqual(before);
  expect(before.keys[0]).not.toHaveProperty('d');
  const token = entries.get('Secret planes/dev')?.token ?? '';
  await jwtVerify(token, createLocalJWKSet(before as never), { issuer: 'dev', audience: 'steppe' });
  expect(decodeJwt(token)).toMatchObject({ tenant: 'acme' });
});
