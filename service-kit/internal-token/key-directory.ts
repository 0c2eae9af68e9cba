import { join } from 'node:path';
import { type Plane, planeSchema } from '@steppe/contracts/internal';
import { createLocalJWKSet, decodeJwt, errors, type JWTVerifyGetKey } from 'jose';
import { readKeySet } from '../caller/create-caller-verifier.ts';

const cooldownMs = 1_000;
const longestMs = 10_000;

/** The file of a plane's public keys inside the directory. */
export const keyFileName = (plane: Plane): string => `${plane}.json`;

/**
 * Public keys of both planes, from a directory of JSON Web Key Sets. A file is read again when it is older than ten seconds
 * in memory, and at most once a second when a token names a key that it lacks.
 */
export function createKeyDirectory(directory: string, now: () => number = Date.now): JWTVerifyGetKey {
  const loaded = new Map<Plane, { keys: JWTVerifyGetKey; readAt: number }>();
  const load = async (plane: Plane, maxAgeMs: number): Promise<JWTVerifyGetKey> => {
    const known = loaded.get(plane);
    if (known && now() - known.readAt <= maxAgeMs) return known.keys;
    const keys = createLocalJWKSet(await readKeySet(join(directory, keyFileName(plane))));
    loaded.set(plane, { keys, readAt: now() });
    return keys;
  };
  return async (header, token) => {
    const plane = planeSchema.parse(decodeJwt(`${token.protected}.${token.payload}.${token.signature}`).iss);
    try {
      return await (await load(plane, longestMs))(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return (await load(plane, cooldownMs))(header, token);
    }
  };
}
