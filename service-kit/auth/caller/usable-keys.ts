import { errors, type JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import type { Clock } from '../../process/clock.ts';
import { wallClockTtl } from '../wall-clock-ttl.ts';
import { KeysUnavailableError } from './remote-keys.ts';

/** The issuer publishes a key for the token, and no signature can be verified with it. */
export class UnusableKeyError extends Error {
  constructor(cause: unknown) {
    super('the key cannot be used', { cause });
    this.name = 'UnusableKeyError';
  }
}

/** RFC 7518 allows no RSA key below it; jose finds out after it was given the key. */
const shortestModulusBits = 2048;
/** Anybody can name the key, so that what is logged of it must have an end. */
const toldAgainMs = 10 * 60_000;

/**
 * Keys of an issuer of which some may be broken: that is its mistake, and of concern to those alone
 * whose token names one.
 * @param onUnusable told of each such key once in ten minutes.
 * @returns what throws UnusableKeyError in place of whatever the import of a key gave.
 */
export function usableKeys(
  keys: JWTVerifyGetKey,
  onUnusable: (kid: string | undefined, cause: unknown) => void,
  clock: Clock,
): JWTVerifyGetKey {
  const told = new LRUCache<string, true>({ max: 100, ttl: toldAgainMs, ...wallClockTtl(clock) });
  const tell = (kid: string | undefined, cause: unknown): void => {
    if (told.has(kid ?? '')) return;
    told.set(kid ?? '', true);
    onUnusable(kid, cause);
  };
  return async (header, token) => {
    try {
      const key = await keys(header, token);
      if (isTooShort(key)) throw new Error(`an RSA key has ${shortestModulusBits} bits or more`);
      return key;
    } catch (cause) {
      if (isTokenRejection(cause)) throw cause;
      tell(header.kid, cause);
      throw new UnusableKeyError(cause);
    }
  };
}

/**
 * jose reports a private key among the public ones as an error too, but it says nothing about the
 * token.
 */
const isTokenRejection = (cause: unknown): boolean =>
  cause instanceof KeysUnavailableError ||
  (cause instanceof errors.JOSEError && !(cause instanceof errors.JWKSInvalid));

const rsaKeySchema = z.object({ algorithm: z.object({ modulusLength: z.number() }) });

const isTooShort = (key: unknown): boolean =>
  (rsaKeySchema.safeParse(key).data?.algorithm.modulusLength ?? shortestModulusBits) <
  shortestModulusBits;
