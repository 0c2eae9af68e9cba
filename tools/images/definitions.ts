import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ImageDefinition {
  readonly name: string;
  /** In infra/images. */
  readonly dockerfile: string;
  /** The stage of the Dockerfile; the last one if it is absent. */
  readonly target?: string;
}

export const images: readonly ImageDefinition[] = [
  { name: 'control-plane', dockerfile: 'control-plane.Dockerfile' },
  { name: 'data-plane', dockerfile: 'data-plane.Dockerfile' },
  { name: 'session-agent', dockerfile: 'session-agent.Dockerfile' },
  { name: 'runtime-node', dockerfile: 'runtime-node.Dockerfile' },
  ...['runtime-python', 'runtime-python-data'].map((target) => ({
    name: target,
    dockerfile: 'runtime-python.Dockerfile',
    target,
  })),
  { name: 'local-store', dockerfile: 'local-store.Dockerfile' },
];

export interface Dockerfile {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** Build arguments that name base images. */
  readonly bases: ReadonlyMap<string, string>;
  /** Files and folders that are copied from the repository. */
  readonly inputs: readonly string[];
}

export function readDockerfile(root: string, name: string): Dockerfile {
  const path = `infra/images/${name}`;
  const text = readFileSync(join(root, path), 'utf8');
  const bases = [...text.matchAll(/^ARG (\w+)=(docker\.io\/\S+)$/gm)];
  const copies = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)];
  return {
    path,
    text,
    bases: new Map(bases.map(([, argument = '', base = '']) => [argument, base])),
    inputs: copies.flatMap(([, sources = '']) => sources.split(' ')),
  };
}

/** The name of an image with its tag. */
export const taggedName = (registry: string, name: string, version: string): string =>
  `${registry}/steppe/${name}:${version}`;

/** The version of package.json is the version of every image. */
export function readVersion(root: string): string {
  const parsed: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) {
    if (typeof parsed.version === 'string') return parsed.version;
  }
  throw new Error('package.json has no version');
}
