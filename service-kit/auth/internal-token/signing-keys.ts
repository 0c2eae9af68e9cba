import { type CryptoKey, importJWK } from 'jose';
import * as z from 'zod';
import type { Clock } from '../../process/clock.ts';
import type { Logger } from '../../process/logger.ts';
import { createReloadedFile } from '../../process/reloaded-file.ts';
import type { InternalKey, SigningKeySource } from './signer.ts';

/** Within this time, every agent has learned of a key that we first saw in the file. */
export const publicationMs = 120_000;
const lookEveryMs = 10_000;

interface SigningKeysOptions {
  path: string;
  logger: Logger;
  clock: Clock;
}

/**
 * Reads a plane's private keys from a file that is read again when it changes: one key, or a set
 * with the oldest first. The newest key that has been in the file for two minutes signs. A process
 * that has just started signs with the first key of the file, which is known everywhere. A removed
 * key continues until its replacement may sign.
 * @throws Error that names the file, if it contains no such key at first.
 */
export async function openSigningKeys({
  path,
  logger,
  clock,
}: SigningKeysOptions): Promise<SigningKeySource> {
  const file = createReloadedFile({ path, parse: parseKeys, logger, clock });
  const seenAt = new Map<string, number>();
  let signing: InternalKey | undefined;
  const source = async () => {
    const keys = await file.read(lookEveryMs);
    for (const { kid } of keys) if (!seenAt.has(kid)) seenAt.set(kid, clock.now());
    // A key that comes back counts as newly published.
    for (const kid of seenAt.keys()) if (!keys.some((key) => key.kid === kid)) seenAt.delete(kid);
    const isPublished = ({ kid }: InternalKey) =>
      clock.now() - (seenAt.get(kid) ?? clock.now()) >= publicationMs;
    const next: InternalKey = keys.findLast(isPublished) ?? signing ?? keys[0];
    if (signing && next.kid !== signing.kid)
      logger.info({ kid: next.kid, before: signing.kid }, 'internal signing key changed');
    signing = next;
    return next;
  };
  await source();
  return source;
}

const privateJwkSchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string().min(1),
});

const fileSchema = z.union([
  privateJwkSchema.transform((jwk) => [jwk] as const),
  z.object({ keys: z.tuple([privateJwkSchema], privateJwkSchema) }).transform(({ keys }) => keys),
]);

async function parseKeys(text: string): Promise<[InternalKey, ...InternalKey[]]> {
  const [first, ...others] = readJwks(text);
  return [await importKey(first), ...(await Promise.all(others.map(importKey)))];
}

function readJwks(text: string) {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    // The messages of zod and JSON.parse may quote the file, which is secret.
    throw new Error('it holds no Ed25519 private JSON Web Key with a kid, and no set of such keys');
  }
}

const importKey = async (jwk: z.output<typeof privateJwkSchema>): Promise<InternalKey> => ({
  kid: jwk.kid,
  // jose returns bytes only for symmetric keys.
  privateKey: (await importJWK(jwk, 'EdDSA')) as CryptoKey,
});
