import { errors, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import { type Clock, wallClockTtl } from '../../process/clock.ts';
import { KeysUnavailableError } from './remote-keys.ts';

/** The issuer publishes a key for the token, but no signature can be verified with it. */
export class UnusableKeyError extends Error {
  constructor(cause: unknown) {
    super('the key cannot be used', { cause });
    this.name = 'UnusableKeyError';
  }
}

/** RFC 7518 forbids shorter RSA keys; jose notices only when it uses the key. */
const shortestModulusBits = 2048;
/** Anybody can name the key, so the number of log lines about it must be bounded. */
const reportIntervalMs = 10 * 60_000;

/**
 * Filters the keys of an issuer, some of which may be broken. A broken key is the issuer's mistake
 * and affects only callers whose token names it.
 * @param onUnusable called for each such key once in ten minutes.
 * @returns a function that throws UnusableKeyError instead of any error of importing a key.
 */
export function usableKeys(
  keys: JWTVerifyGetKey,
  onUnusable: (kid: string | undefined, cause: unknown) => void,
  clock: Clock,
): JWTVerifyGetKey {
  const reported = new LRUCache<string, true>({
    max: 100,
    ttl: reportIntervalMs,
    ...wallClockTtl(clock),
  });
  const report = (kid: string | undefined, cause: unknown): void => {
    if (reported.has(kid ?? '')) return;
    reported.set(kid ?? '', true);
    onUnusable(kid, cause);
  };
  return async (header, token) => {
    try {
      const key = await keys(header, token);
      if (isTooShort(key)) throw new Error(`an RSA key has ${shortestModulusBits} bits or more`);
      return key;
    } catch (cause) {
      if (isTokenRejection(cause)) throw cause;
      report(header.kid, cause);
      throw new UnusableKeyError(cause);
    }
  };
}

/**
 * jose also reports a private key among the public ones as an error, but that error says nothing
 * about the token.
 */
const isTokenRejection = (cause: unknown): boolean =>
  cause instanceof KeysUnavailableError ||
  (cause instanceof errors.JOSEError && !(cause instanceof errors.JWKSInvalid));

const rsaKeySchema = z.object({ algorithm: z.object({ modulusLength: z.number() }) });

const isTooShort = (key: unknown): boolean =>
  (rsaKeySchema.safeParse(key).data?.algorithm.modulusLength ?? shortestModulusBits) <
  shortestModulusBits;
