import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Dockerfile } from './definitions.ts';

/** Of everything that an image is made from: equal hashes mean that a build would change nothing. */
export function hashInputs(
  root: string,
  dockerfile: Dockerfile,
  args: readonly string[],
  baseIds: readonly string[],
): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([dockerfile.text, args, baseIds]));
  for (const file of dockerfile.inputs.flatMap((input) => filesIn(root, input))) {
    const content = readFileSync(join(root, file));
    hash.update(JSON.stringify([file, content.length])).update(content);
  }
  return hash.digest('hex');
}

function filesIn(root: string, path: string): string[] {
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((file) => !file.endsWith('.map') && statSync(join(root, file)).isFile())
    .sort();
}
