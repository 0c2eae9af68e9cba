import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
/**
 * Code that runs in processes that serve requests, unlike the supervisors and workers in
 * session-agent/runtimes/.
 */
const services = [
  'contracts',
  'control-plane',
  'data-plane',
  'local',
  'session-store',
  'service-kit',
  'session-agent',
];
const isOurs = (path: string) =>
  path.endsWith('.ts') &&
  !/\.test\.ts$|node_modules|(^|\/)(testing|stubs|conformance|runtimes)\//.test(path);

/**
 * Lines that hide from the linter a promise without a rejection handler: its rejection would end
 * the process.
 */
function unwatchedPromises(text: string, asyncNames: ReadonlySet<string>): string[] {
  return text.split('\n').filter((line) => {
    const isStatement = /^\s*(?:else |(?:else )?if \(.*\) )?void\b/.test(line);
    const [, called = ''] = /\bvoid (?:[\w#]+\??\.)*(#?\w+)\(/.exec(line) ?? [];
    return isStatement || asyncNames.has(called);
  });
}

const asyncNamesIn = (text: string): string[] =>
  [
    ...text.matchAll(
      /\basync (?:function )?(#?\w+)\(|\b(?:const|let) (\w+)(?:: [^=]+)? = async\b/g,
    ),
  ].map(([, method, variable]) => method ?? variable ?? '');

test('every promise that is not awaited goes through runDetached or has a catch', () => {
  const files = services.flatMap((service) =>
    readdirSync(join(root, service), { recursive: true, encoding: 'utf8' })
      .filter(isOurs)
      .map((path) => join(service, path)),
  );
  expect(files.length).toBeGreaterThan(100);
  const texts = new Map(files.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  // Names such as `close` also stand for synchronous functions in other files.
  const found = [...texts].flatMap(([path, text]) =>
    unwatchedPromises(text, new Set(asyncNamesIn(text))).map((line) => `${path}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});

test.each([
  'void this.#pump();',
  '  if (!step.hasEnded) void interpreter.kill();',
  '  void exited.finally(() => clearTimeout(force));',
  "  process.on(signal, () => void end('now'));",
  '  return void this.#reap(frame);',
])('detects a promise without a rejection handler: %s', (line) => {
  const names = asyncNamesIn('  async #reap(frame) {\n  const end = async (signal: string) => {');
  expect(unwatchedPromises(line, new Set(names))).toEqual([line]);
});

test.each([
  '    remove: (session) => void live.delete(session),',
  'function open(): void {',
  '  if (over) return void socket.destroy();',
])('accepts other uses of void: %s', (line) =>
  expect(unwatchedPromises(line, new Set(['end']))).toEqual([]),
);
