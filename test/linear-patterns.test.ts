import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type AnyNode, parse } from 'acorn';
import { transformSync } from 'esbuild';
import { check } from 'recheck';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The services' own code, which handles any input. Code that runs beside the user's code in the
 * session's container is excluded, because it can only waste that container's own time.
 */
const services = [
  'contracts',
  'service-kit',
  'session-store',
  'control-plane',
  'data-plane',
  'session-agent',
  'local',
  'openapi',
];
const isLookedAt = (file: string): boolean =>
  file.endsWith('.ts') &&
  !/\.(?:test|d)\.ts$|\/testing\/|\/conformance\/|^session-agent\/runtimes\//.test(file);

/**
 * These build patterns from our own strings: one of a few names, and any character a limited number
 * of times.
 */
const knownConstructions = ['contracts/step-output.ts'];

interface Found {
  /** Each pattern and the file that contains it, by the pattern. */
  literals: Map<string, { source: string; flags: string; file: string }>;
  /** Files that build patterns from strings, which this test cannot read. */
  constructions: Set<string>;
}

function findPatterns(): Found {
  const listed = execFileSync('git', ['ls-files', ...services], { cwd: root, encoding: 'utf8' });
  const found: Found = { literals: new Map(), constructions: new Set() };
  for (const file of listed.split('\n').filter(isLookedAt)) {
    const { code } = transformSync(readFileSync(`${root}${file}`, 'utf8'), { loader: 'ts' });
    collect(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }), file, found);
  }
  return found;
}

function collect(value: unknown, file: string, found: Found): void {
  if (typeof value !== 'object' || value === null) return;
  const node = value as AnyNode | AnyNode[];
  if ('type' in node && node.type === 'Literal' && node.regex) {
    const { pattern: source, flags } = node.regex;
    found.literals.set(`/${source}/${flags}`, { source, flags, file });
  }
  if ('type' in node && (node.type === 'NewExpression' || node.type === 'CallExpression')) {
    if (node.callee.type === 'Identifier' && node.callee.name === 'RegExp')
      found.constructions.add(file);
  }
  for (const child of Object.values(node)) collect(child, file, found);
}

const { literals, constructions } = findPatterns();

it('finds every pattern of the services', () => {
  expect(literals.size).toBeGreaterThan(30);
  expect([...constructions]).toEqual(knownConstructions);
});

it('detects a pattern that is not linear', async () => {
  expect((await check('^\\s*async\\s*=?\\s*$', '')).status).toBe('vulnerable');
  expect((await check('\\s+$', '')).status).toBe('vulnerable');
});

it.each([...literals])(
  '%s takes time in proportion to the text it is matched against',
  async (_, { source, flags, file }) => {
    const { status } = await check(source, flags, { timeout: 100_000 });
    expect({ file, status }).toEqual({ file, status: 'safe' });
  },
);
