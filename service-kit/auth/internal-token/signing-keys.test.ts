import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { createLogger } from '../../process/logger.ts';
import {
  type InternalKeyPair,
  keySetOf,
  makeInternalKeyPair,
} from '../../testing/internal-key-pair.ts';
import { type MountedDirectory, mountDirectory } from '../../testing/mounted-directory.ts';
import { openSigningKeys, publicationMs } from './signing-keys.ts';

const fileName = 'data-plane.private.json';
let mount: MountedDirectory;
let first: InternalKeyPair;
let second: InternalKeyPair;
let third: InternalKeyPair;
let nowMs: number;
let log: string;

beforeEach(async () => {
  [first, second, third] = (await Promise.all(
    ['first', 'second', 'third'].map(makeInternalKeyPair),
  )) as [InternalKeyPair, InternalKeyPair, InternalKeyPair];
  mount = mountDirectory({ [fileName]: JSON.stringify(first.privateJwk) });
  nowMs = 1_000_000;
  log = '';
});
afterEach(() => mount.remove());

const hold = (text: string) => mount.update({ [fileName]: text });
const holdKeys = (...pairs: InternalKeyPair[]) =>
  hold(keySetOf(...pairs.map(({ privateJwk }) => privateJwk)));
const logger = createLogger({
  service: 'test',
  level: 'info',
  to: {
    write: (line) => {
      log += line;
    },
  },
});
const open = () =>
  openSigningKeys({
    path: join(mount.path, fileName),
    logger,
    clock: { ...systemClock, now: () => nowMs },
  });
const lookTime = 10_001;

test('a single key signs at once, as one key or a set of one', async () => {
  expect(await (await open())()).toMatchObject({ kid: 'first' });
  holdKeys(second);
  expect(await (await open())()).toMatchObject({ kid: 'second' });
});

test('a new key signs two minutes after it first appeared, and the old one before', async () => {
  const source = await open();
  holdKeys(first, second);
  nowMs += lookTime;
  expect(await source()).toMatchObject({ kid: 'first' });
  nowMs += publicationMs - 1;
  expect(await source()).toMatchObject({ kid: 'first' });
  nowMs += 1;
  expect(await source()).toMatchObject({ kid: 'second' });
  expect(log).toContain('internal signing key changed');
});

test('the old key continues if it was removed too early', async () => {
  const source = await open();
  holdKeys(second);
  nowMs += lookTime;
  expect(await source()).toMatchObject({ kid: 'first' });
  nowMs += publicationMs;
  expect(await source()).toMatchObject({ kid: 'second' });
});

test('a process started during a rotation signs with the oldest key for two minutes', async () => {
  holdKeys(first, second, third);
  const source = await open();
  expect(await source()).toMatchObject({ kid: 'first' });
  nowMs += publicationMs;
  expect(await source()).toMatchObject({ kid: 'third' });
});

test('the newest of several keys signs, each after its own two minutes', async () => {
  const source = await open();
  holdKeys(first, second);
  nowMs += lookTime;
  await source();
  nowMs += publicationMs / 2;
  holdKeys(first, second, third);
  await source();
  nowMs += publicationMs / 2;
  expect(await source()).toMatchObject({ kid: 'second' });
  nowMs += publicationMs / 2;
  expect(await source()).toMatchObject({ kid: 'third' });
});

test('a key that was removed and added again waits two minutes again', async () => {
  const source = await open();
  for (const keys of [[first, second], [first], [first, second]]) {
    holdKeys(...keys);
    nowMs += publicationMs - 1;
    expect(await source()).toMatchObject({ kid: 'first' });
  }
  nowMs += publicationMs;
  expect(await source()).toMatchObject({ kid: 'second' });
});

describe.each([
  ['half a file', () => JSON.stringify(first.privateJwk).slice(0, 60)],
  ['nothing', () => ''],
  ['an empty set', () => '{"keys":[]}'],
  ['a public key', () => JSON.stringify(first.publicJwk)],
  ['a key without a name', () => JSON.stringify({ ...first.privateJwk, kid: undefined })],
  ['a key of another kind', () => JSON.stringify({ ...first.privateJwk, kty: 'RSA' })],
])('a file with %s', (_, text) => {
  test('keeps the previous key in use, and quotes the file in neither log nor error', async () => {
    const source = await open();
    hold(text());
    nowMs += lookTime;
    expect(await source()).toMatchObject({ kid: 'first' });
    expect(log).toContain('its previous content stays in use');
    expect(log).not.toContain(String(first.privateJwk.d).slice(0, 8));
  });

  test('is refused at startup, by its name', async () => {
    hold(text());
    const refusal = await open().catch((error) => error);
    expect(refusal).toMatchObject({ message: expect.stringContaining(fileName) });
    expect(String(refusal.cause?.stack)).not.toContain(String(first.privateJwk.d).slice(0, 8));
  });
});
