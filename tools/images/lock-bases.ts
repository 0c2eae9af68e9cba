// Records the digests of the base images: `make images-lock`. If a registry cannot be reached, the
// recorded digests stay as they are and the exit code is 1.
import { fileURLToPath } from 'node:url';
import { writeBaseDigests } from './base-digests.ts';
import { images, readDockerfile } from './definitions.ts';
import { fetchDigest } from './fetch-digest.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bases = new Set(
  images.flatMap(({ dockerfile }) => [...readDockerfile(root, dockerfile).bases.values()]),
);

try {
  const digests = await Promise.all(
    [...bases].map(async (base) => [base, await fetchDigest(base)] as const),
  );
  writeBaseDigests(root, new Map(digests));
  for (const [base, digest] of digests) process.stderr.write(`images: ${base} is ${digest}\n`);
} catch (error) {
  const reason = error instanceof Error ? `${error.message} ${error.cause ?? ''}` : error;
  process.stderr.write(`images: infra/images/bases.lock is unchanged: ${reason}\n`);
  process.exitCode = 1;
}
