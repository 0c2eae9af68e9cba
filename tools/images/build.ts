// Builds every image: `make images [REGISTRY=…] [PUSH=1]`. An image whose inputs are unchanged is
// not built again. What is known of each image is in dist/images/, its SBOM too.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type BaseDigests, readBaseDigests } from './base-digests.ts';
import {
  type Dockerfile,
  type ImageDefinition,
  images,
  readDockerfile,
  readVersion,
  taggedName,
} from './definitions.ts';
import { type Engine, findEngine } from './engine.ts';
import { hashInputs } from './hash-inputs.ts';
import { writeImageSbom } from './sbom/image-sbom.ts';
import { writeWorkspaceSbom } from './sbom/workspace-sbom.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const records = `${root}dist/images`;
const log = (line: string) => process.stderr.write(`images: ${line}\n`);

const { values } = parseArgs({
  options: { registry: { type: 'string' }, push: { type: 'boolean', default: false } },
});
const registry = values.registry || 'localhost';
const version = readVersion(root);
const engine = findEngine(root);
const digests = readBaseDigests(root);

mkdirSync(records, { recursive: true });
const dockerfiles = new Map(
  images.map(({ dockerfile }) => [dockerfile, readDockerfile(root, dockerfile)]),
);
const bases = new Map(
  [...new Set([...dockerfiles.values()].flatMap((file) => [...file.bases.values()]))].map(
    (base) => [base, resolveBase(base, digests, engine)],
  ),
);
engine.prepareBases([...bases.values()]);
for (const image of images) buildImage(image);
writeWorkspaceSbom(root, `${records}/workspace.cdx.json`);

function buildImage(image: ImageDefinition): void {
  const dockerfile = dockerfiles.get(image.dockerfile);
  if (!dockerfile) throw new Error(`no Dockerfile of ${image.name}`);
  const name = taggedName(registry, image.name, version);
  const args = buildArguments(image, dockerfile);
  const inputs = hashInputs(root, dockerfile, args, baseIdsOf(dockerfile));
  const record = `${records}/${image.name}.json`;
  const id = engine.idOf(name);
  if (id !== undefined && readRecord(record) === recordOf(name, id, inputs)) {
    log(`${name} is unchanged`);
  } else {
    const startedAt = performance.now();
    engine.build([...args, '--tag', name, '--file', dockerfile.path, '.']);
    writeImageSbom({ root, engine, image, name, version, file: sbomOf(image) });
    writeFileSync(record, recordOf(name, engine.idOf(name), inputs));
    log(`built ${name} in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }
  if (values.push) engine.push(name);
}

function buildArguments(image: ImageDefinition, dockerfile: Dockerfile): string[] {
  const args = ['--build-arg', `VERSION=${version}`];
  if (image.target !== undefined) args.push('--target', image.target);
  for (const [argument, base] of dockerfile.bases) {
    const resolved = bases.get(base);
    if (resolved !== base) args.push('--build-arg', `${argument}=${resolved}`);
  }
  return args;
}

/** The name with the recorded digest, if this machine can use it. */
function resolveBase(base: string, recorded: BaseDigests, { name }: Engine): string {
  const digest = recorded.get(base);
  if (digest === undefined) {
    log(`no digest of ${base} is recorded in infra/images/bases.lock: its tag is used`);
    return base;
  }
  if (name === 'buildah') {
    log(`${base} is made on this machine: its recorded digest is not used`);
    return base;
  }
  return `${base}@${digest}`;
}

function baseIdsOf(dockerfile: Dockerfile): string[] {
  return [...dockerfile.bases.values()].map((base) => engine.idOf(bases.get(base) ?? base) ?? base);
}

function sbomOf(image: ImageDefinition): string {
  return `${records}/${image.name}.cdx.json`;
}

function recordOf(name: string, id: string | undefined, inputs: string): string {
  return `${JSON.stringify({ name, id, inputs })}\n`;
}

function readRecord(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
