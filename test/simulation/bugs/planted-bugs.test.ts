import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { plantedBugs } from './planted-bugs.ts';

const repository = join(import.meta.dirname, '../../..');

test.each(plantedBugs)('the bug $name fits the product’s code', ({ patches }) => {
  const files = new Map<string, string>();
  for (const { file, from, to } of patches) {
    const text = files.get(file) ?? readFileSync(join(repository, file), 'utf8');
    expect({ file, from, count: text.split(from).length - 1 }).toEqual({ file, from, count: 1 });
    files.set(
      file,
      text.replace(from, () => to),
    );
  }
  for (const text of files.values())
    expect(() => transformSync(text, { loader: 'ts' })).not.toThrow();
});

test('has a name of its own for each bug', () => {
  const names = plantedBugs.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
