import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { rules } from '../history/rules.ts';
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

/** One bug alone could be found by chance. */
test('has two bugs for each rule of an invariant or of the vigil', () => {
  const important = Object.entries(rules).filter(([, what]) =>
    /\(invariant \d\)|^vigil:/.test(what),
  );
  const broken = plantedBugs.map(({ breaks }) => String(breaks));
  const tooFew = important
    .map(([rule]) => ({ rule, bugs: broken.filter((breaks) => breaks === rule).length }))
    .filter(({ bugs }) => bugs < 2);
  expect(tooFew).toEqual([]);
});

test('names each invariant that a simulation can check in a rule', () => {
  const named = Object.values(rules).flatMap((what) => /\(invariant (\d)\)/.exec(what)?.[1] ?? []);
  // The sixth is about a service's environment, which unit tests cover.
  expect([...new Set(named)].sort()).toEqual(['1', '2', '3', '4', '5']);
});

test('has the bugs that the first simulator did not find', () => {
  const names = plantedBugs.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['any-worker-accepted', 'create-ignores-lost-race']),
  );
});
