import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import type { Clock } from '../process/clock.ts';
import type { Logger } from '../process/logger.ts';
import { createReloadedFile } from '../process/reloaded-file.ts';

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

/** Parses a JSON Web Key Set with at least one key. @throws Error if the text is not one. */
export const parseKeySet = (text: string): JSONWebKeySet => keySetSchema.parse(JSON.parse(text));

/** The maximum age of the content that we know. */
export const longestMs = 10_000;
/** The minimum age if a token names a key that the file did not contain. */
export const cooldownMs = 1_000;

interface KeySetFileOptions {
  path: string;
  logger: Logger;
  clock: Clock;
}

export interface KeySetFile {
  /** Finds the key of a token. @throws Error if the file never contained a key set. */
  getKey: JWTVerifyGetKey;
  /** Returns the current set. @throws Error like `getKey`. */
  read(): Promise<JSONWebKeySet>;
}

/**
 * Reads the public keys in a file. It is read again if the last look was more than ten seconds ago,
 * and at most once a second when a token names a key that it lacks. If it cannot be used, the
 * previous keys stay in use.
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
