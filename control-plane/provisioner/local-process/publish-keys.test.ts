import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createKeyPublisher, type KeyPublisher, type PublicKeys } from './publish-keys.ts';

let root: string;
let keys: PublicKeys;
let publisher: KeyPublisher;
let lines: string[];
const keysNamed = (kid: string): PublicKeys => ({
  'control-plane': { keys: [{ kid: `control-${kid}` }] },
  'data-plane': { keys: [{ kid: `data-${kid}` }] },
});

beforeEach(() => {
  root = mkdtempSync('/tmp/steppe-publish-');
  keys = keysNamed('1');
  lines = [];
  const logger = createLogger({
    service: 'test',
    level: 'info',
    to: { write: (line) => void lines.push(line) },
  });
  publisher = createKeyPublisher(() => keys, logger, systemClock, 5);
});
afterEach(() => {
  publisher.stop();
  rmSync(root, { recursive: true });
});

const newDirectory = async (name: string) => {
  const directory = join(root, name);
  mkdirSync(directory);
  await publisher.publishTo(directory);
  return directory;
};
const held = (directory: string) => ({
  'control-plane': JSON.parse(readFileSync(join(directory, 'control-plane.json'), 'utf8')),
  'data-plane': JSON.parse(readFileSync(join(directory, 'data-plane.json'), 'utf8')),
});

it('writes the keys and their changes into each directory, and no other file', async () => {
  const first = await newDirectory('first');
  expect(held(first)).toEqual(keysNamed('1'));
  const second = await newDirectory('second');
  keys = keysNamed('2');
  for (const directory of [first, second])
    await expect.poll(() => held(directory)).toEqual(keysNamed('2'));
  await expect
    .poll(() => readdirSync(first).sort())
    .toEqual(['control-plane.json', 'data-plane.json']);
});

it('writes no more keys into a forgotten directory', async () => {
  const forgotten = await newDirectory('forgotten');
  const kept = await newDirectory('kept');
  publisher.forget(forgotten);
  keys = keysNamed('2');
  await expect.poll(() => held(kept)).toEqual(keysNamed('2'));
  expect(held(forgotten)).toEqual(keysNamed('1'));
});

it('continues with the other directories after one was lost', async () => {
  const lost = await newDirectory('lost');
  rmSync(lost, { recursive: true });
  const kept = await newDirectory('kept');
  keys = keysNamed('2');
  await expect.poll(() => held(kept)).toEqual(keysNamed('2'));
  await expect.poll(() => lines.length).toBeGreaterThan(0);
});
