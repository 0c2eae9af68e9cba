import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { createReloadedFile } from '../process/reloaded-file.ts';

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

/** A JSON Web Key Set with at least one key. @throws where the text is none. */
export const parseKeySet = (text: string): JSONWebKeySet => keySetSchema.parse(JSON.parse(text));

/** How old what we know of a file may be. */
const longestMs = 10_000;
/** The same where a token names a key that the file did not hold. */
const cooldownMs = 1_000;

interface KeySetFileOptions {
  path: string;
  logger: Logger;
  clock: Clock;
}

export interface KeySetFile {
  /** Finds the key of a token. @throws Error where the file never was a key set. */
  getKey: JWTVerifyGetKey;
  /** The set as it is now. @throws the same */
  read(): Promise<JSONWebKeySet>;
}

/**
 * The public keys in a file. It is read again when it was looked at more than ten seconds ago, and
 * at most once a second when a token names a key that it lacks; where it cannot be used, the keys
 * before keep verifying.
 */
export function createKeySetFile({ path, logger, clock }: KeySetFileOptions): KeySetFile {
  const file = createReloadedFile({
    path,
    parse: (text) => createLocalJWKSet(parseKeySet(text)),
    logger,
    clock,
  });
  return {
    async getKey(header, token) {
      try {
        return await (await file.read(longestMs))(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        return (await file.read(cooldownMs))(header, token);
      }
    },
    read: async () => (await file.read(cooldownMs)).jwks(),
  };
}
