import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Engine } from '../engine.ts';

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string().optional(),
});

/** A package in an image. */
export interface Package extends z.output<typeof packageSchema> {
  readonly kind: 'deb' | 'npm' | 'pypi' | 'generic';
  readonly architecture?: string;
}

/** What dpkg knows in the image. */
export function listDebianPackages(engine: Engine, image: string): Package[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query expands it.
  const format = '${Package}\t${Version}\t${Architecture}\n';
  return engine
    .run(image, ['dpkg-query', '--show', '--showformat', format])
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', version = '', architecture = ''] = line.split('\t');
      return { kind: 'deb', name, version, architecture };
    });
}

/** Node itself, and the npm packages that are installed beside it. */
export function listNodePackages(engine: Engine, image: string): Package[] {
  const { version, packages } = z
    .object({ version: z.string(), packages: z.array(packageSchema) })
    .parse(JSON.parse(engine.run(image, ['node', '--eval', nodeProgram])));
  return [
    { kind: 'generic', name: 'node', version, license: 'MIT' },
    ...packages.map((each) => ({ kind: 'npm', ...each }) as const),
  ];
}

/** Python itself, and the distributions that it can import. */
export function listPythonPackages(engine: Engine, image: string): Package[] {
  const { version, packages } = z
    .object({ version: z.string(), packages: z.array(packageSchema) })
    .parse(JSON.parse(engine.run(image, ['python3', '-c', pythonProgram])));
  return [
    { kind: 'generic', name: 'python', version, license: 'Python-2.0' },
    ...packages.map((each) => ({ kind: 'pypi', ...each }) as const),
  ];
}

/** The packages in the bundles of an image. */
export function listBundledPackages(root: string, image: string): Package[] {
  const file = readFileSync(join(root, 'dist/packages.json'), 'utf8');
  const bundles = z.record(z.string(), z.array(packageSchema)).parse(JSON.parse(file));
  return (bundles[image] ?? []).map((each) => ({ kind: 'npm', ...each }));
}

const nodeProgram = `
const { globSync, readFileSync } = require('node:fs');
const packages = globSync('/usr/local/lib/node_modules/**/package.json')
  .filter((file) => /node_modules[/](@[^/]+[/])?[^/]+[/]package.json$/.test(file))
  .map((file) => JSON.parse(readFileSync(file, 'utf8')))
  .filter(({ name, version }) => name && version)
  .map(({ name, version, license }) =>
    ({ name, version, license: typeof license === 'string' ? license : undefined }));
console.log(JSON.stringify({ version: process.versions.node, packages }));
`;

const pythonProgram = `
import importlib.metadata, json, platform
packages = [
    {"name": each.metadata["Name"], "version": each.version}
    for each in importlib.metadata.distributions()
]
print(json.dumps({"version": platform.python_version(), "packages": packages}))
`;
