import { mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mountDirectory } from '../testing/mounted-directory.ts';
import { systemClock } from './clock.ts';
import { createLogger } from './logger.ts';
import { createReloadedFile } from './reloaded-file.ts';

let directory: string;
let path: string;
let lines: { level: string; msg: string; file: string }[];
let nowMs: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'steppe-file-'));
  path = join(directory, 'value.json');
  lines = [];
  nowMs = 1_000_000;
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = (at = path, parse: (text: string) => unknown = JSON.parse) =>
  createReloadedFile({
    path: at,
    parse,
    logger: createLogger({
      service: 'test',
      level: 'info',
      to: { write: (line) => void lines.push(JSON.parse(line)) },
    }),
    clock: { ...systemClock, now: () => nowMs },
  });
const write = (value: unknown) => writeFileSync(path, JSON.stringify(value));

test('is read again once it is too old, and unchanged content is the same object', async () => {
  write({ n: 1 });
  const file = open();
  const first = await file.read(10);
  expect(first).toEqual({ n: 1 });
  write({ n: 2 });
  nowMs += 10;
  expect(await file.read(10)).toBe(first);
  expect(await file.read(9)).toEqual({ n: 2 });
  const second = await file.read(10);
  write({ n: 2 });
  nowMs += 60_000;
  expect(await file.read(10)).toBe(second);
});

test('is read again after the clock was set back', async () => {
  write(1);
  const file = open();
  await file.read(10);
  write(2);
  nowMs -= 3_600_000;
  expect(await file.read(10)).toBe(2);
});

test('notices a rename onto it', async () => {
  write(1);
  const file = open();
  await file.read(0);
  writeFileSync(`${path}.new`, '2');
  renameSync(`${path}.new`, path);
  nowMs += 1;
  expect(await file.read(0)).toBe(2);
});

test('notices the swapped links of a mounted ConfigMap', async () => {
  const mount = mountDirectory({ 'value.json': '1' });
  const file = open(join(mount.path, 'value.json'));
  for (const value of [1, 2, 3]) {
    mount.update({ 'value.json': String(value) });
    nowMs += 1;
    expect(await file.read(0)).toBe(value);
  }
  mount.remove();
});

describe.each([
  ['half-written', () => truncateSync(path, 3)],
  ['empty', () => writeFileSync(path, '')],
  ['gone', () => rmSync(path)],
])('where it is %s', (_, damage) => {
  test('keeps the previous content in use, logs one line, and notices the repair', async () => {
    write({ n: 1 });
    const file = open();
    await file.read(0);
    damage();
    for (let i = 0; i < 3; i++) {
      nowMs += 1_000;
      expect(await file.read(0)).toEqual({ n: 1 });
    }
    expect(lines).toEqual([expect.objectContaining({ level: 'error', file: path })]);
    write({ n: 2 });
    nowMs += 1_000;
    expect(await file.read(0)).toEqual({ n: 2 });
  });

  test('throws an error that names it on the first read, and tries again on the next', async () => {
    write({ n: 1 });
    damage();
    const file = open();
    await expect(file.read(0)).rejects.toThrow(path);
    write({ n: 2 });
    nowMs += 1_000;
    expect(await file.read(0)).toEqual({ n: 2 });
  });
});

test('readers at the same time share one look', async () => {
  write(1);
  let parsed = 0;
  const file = open(path, () => parsed++);
  await Promise.all(Array.from({ length: 20 }, () => file.read(0)));
  expect(parsed).toBe(1);
});
