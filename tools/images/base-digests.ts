import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const lockFile = 'infra/images/bases.lock';

const header = `# The digests of the base images: \`make images-lock\` writes them where it reaches the registry.
# A base without a digest is used by its tag, and the build says so.
`;

/** From the name of a base image to its digest. */
export type BaseDigests = ReadonlyMap<string, string>;

export function readBaseDigests(root: string): BaseDigests {
  const lines = readFileSync(join(root, lockFile), 'utf8').split('\n');
  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const [base = '', digest = ''] = line.split(' ');
        if (!isDigest(digest)) throw new Error(`${lockFile}: "${line}" names no sha256 digest`);
        return [base, digest];
      }),
  );
}

export function writeBaseDigests(root: string, digests: BaseDigests): void {
  const lines = [...digests].sort().map(([base, digest]) => `${base} ${digest}\n`);
  writeFileSync(join(root, lockFile), header + lines.join(''));
}

export const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text);
