import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { engine, imageNames, root, tagged } from './support/built-images.ts';

const run = (name: string, ...command: string[]): string => engine.run(tagged(name), command);
const shell = (name: string, program: string): string => run(name, 'sh', '-c', program).trim();

const python = ['runtime-python', 'runtime-python-data'];
const services = ['control-plane', 'data-plane', 'session-agent', 'local-store'];

test.each(imageNames)('%s contains no build tools', (name) => {
  const tools = 'cc gcc c++ g++ make ld as git go rustc cargo node-gyp';
  expect(shell(name, `for tool in ${tools}; do command -v $tool; done; true`)).toBe('');
});

test.each(services)('%s contains Node and its bundle, and no package manager of Node', (name) => {
  expect(shell(name, 'node --version')).toMatch(/^v24\./);
  expect(shell(name, 'for tool in npm npx yarn corepack; do command -v $tool; done; true')).toBe(
    '',
  );
  expect(shell(name, "find / -xdev -name node_modules -not -path '/proc/*'")).toBe('');
  expect(shell(name, "find /opt/steppe -name '*.map' -o -name '*.test.*'")).toBe('');
});

test.each(python)('every module of %s is compiled', (name) => {
  const program = `
import importlib.util, os, sys, sysconfig
roots = {"/opt/steppe", sysconfig.get_path("stdlib"), *filter(os.path.isdir, sys.path)}
skipped = {"test", "tests", "idlelib", "ensurepip", "__pycache__"}
for root in roots:
    for folder, folders, files in os.walk(root):
        folders[:] = [each for each in folders if each not in skipped]
        for file in files:
            path = os.path.join(folder, file)
            if file.endswith(".py") and not os.path.exists(importlib.util.cache_from_source(path)):
                print(path)
`;
  expect(run(name, 'python3', '-c', program)).toBe('');
});

test('runtime-python-data contains the packages of its lock file', () => {
  const locked = readFileSync(join(root, 'infra/images/requirements-data.txt'), 'utf8');
  const names = [...locked.matchAll(/^([\w.-]+)==(\S+) \\$/gm)].map(([, name, version]) => [
    name,
    version,
  ]);
  expect(names.length).toBeGreaterThan(5);
  const program = `
import importlib.metadata, json
print(json.dumps([[name, importlib.metadata.version(name)] for name, _ in ${JSON.stringify(names)}]))
`;
  expect(JSON.parse(run('runtime-python-data', 'python3', '-c', program))).toEqual(names);
});

test('figures of runtime-python-data have glyphs for Chinese, Japanese and Korean text', () => {
  // Matplotlib warns of each glyph that no font has.
  const program = `
import io, warnings
warnings.simplefilter("error")
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
def draw():
    figure, axes = plt.subplots()
    axes.plot([-1, 1])
    axes.set_title("Sales 销售额 銷售額 売上ひらがなカタカナ 매출 −1")
    figure.savefig(io.BytesIO())
draw()
plt.rcdefaults()
draw()
print("drawn")
`;

  expect(run('runtime-python-data', 'python3', '-c', program)).toBe('drawn\n');
});

test("the Node of the session-agent's image accepts the code cache beside the bundle", () => {
  const program = `
const { agentScript, cache } = require('/opt/steppe/session-agent.cjs');
console.log(agentScript(require('node:fs').readFileSync(cache)).cachedDataRejected);
`;
  expect(run('session-agent', 'node', '--eval', program).trim()).toBe('false');
});

test.each([...imageNames, 'workspace'])('the SBOM of %s is valid CycloneDX', (name) => {
  const bom: unknown = JSON.parse(readFileSync(join(root, `dist/images/${name}.cdx.json`), 'utf8'));
  const { specVersion } = z.object({ specVersion: z.string() }).parse(bom);
  const validate = cycloneDxValidator(specVersion);
  expect(validate(bom) ? [] : validate.errors).toEqual([]);
});

test.each(imageNames)('the SBOM of %s lists every package of its system', (name) => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query expands it.
  const format = '${Package}@${Version}\\n';
  const installed = shell(name, `dpkg-query --show --showformat '${format}'`).split('\n').sort();
  expect(listed(name, 'pkg:deb/')).toEqual(installed);
});

test('the SBOMs list interpreters, npm packages in bundles and Python packages', () => {
  expect(listed('control-plane', 'pkg:npm/')).toContainEqual(expect.stringMatching(/^hono@\d/));
  expect(listed('data-plane', 'pkg:generic/')).toEqual([expect.stringMatching(/^node@24\./)]);
  expect(listed('runtime-python-data', 'pkg:pypi/')).toContainEqual(
    expect.stringMatching(/^pandas@/),
  );
  expect(listed('runtime-node', 'pkg:npm/')).toContainEqual(expect.stringMatching(/^acorn@/));
});

function listed(name: string, kind: string): string[] {
  const file = readFileSync(join(root, `dist/images/${name}.cdx.json`), 'utf8');
  const component = z.object({ name: z.string(), version: z.string(), purl: z.string() });
  const { components } = z.object({ components: z.array(component) }).parse(JSON.parse(file));
  return components
    .filter(({ purl }) => purl.startsWith(kind))
    .map((each) => `${each.name}@${each.version}`)
    .sort();
}

/** With the schemas that the CycloneDX library brings. */
function cycloneDxValidator(specVersion: string) {
  const require = createRequire(import.meta.url);
  const schemas = join(require.resolve('@cyclonedx/cyclonedx-library'), '../../res/schema');
  const read = (name: string) => JSON.parse(readFileSync(join(schemas, name), 'utf8'));
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ['spdx.SNAPSHOT.schema.json', 'jsf-0.82.SNAPSHOT.schema.json'])
    ajv.addSchema(read(name), `http://cyclonedx.org/schema/${name}`);
  return ajv.compile(read(`bom-${specVersion}.SNAPSHOT.schema.json`));
}
