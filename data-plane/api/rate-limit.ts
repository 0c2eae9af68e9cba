import type { Principal } from '@steppe/service-kit/auth/caller/principal';
import { AppError } from '@steppe/service-kit/http/app-error';
import { TokenBucket } from 'limiter';
import { LRUCache } from 'lru-cache';

export interface RateLimitOptions {
  /**
   * Calls per second of one tenant at this replica, where its token says nothing else; undefined:
   * any number.
   */
  requestsPerSecond: number | undefined;
  /** How many seconds' worth of calls may come at once after a pause. */
  burstSeconds: number;
}

/** Counts a call of the tenant. @throws AppError `rate_limited` where it has none left. */
export type RateLimiter = (caller: Pick<Principal, 'tenantId' | 'requestsPerSecond'>) => void;

/** One that was not seen for so many others begins with a full bucket again. */
const rememberedTenants = 10_000;

/**
 * A token bucket for each tenant, in this replica's memory: n replicas let n times as much through.
 */
export function createRateLimiter({
  requestsPerSecond,
  burstSeconds,
}: RateLimitOptions): RateLimiter {
  const buckets = new LRUCache<string, TokenBucket>({ max: rememberedTenants });
  return ({ tenantId, requestsPerSecond: own }) => {
    const rate = own ?? requestsPerSecond;
    if (rate === undefined) return;
    const size = rate * burstSeconds;
    const bucket = buckets.get(tenantId) ?? fullBucket(rate, size);
    buckets.set(tenantId, bucket);
    if (bucket.bucketSize !== size) resize(bucket, rate, size);
    if (!bucket.tryRemoveTokens(1)) throw rateLimited(rate, bucket.getWaitTime(1));
  };
}

function fullBucket(rate: number, size: number): TokenBucket {
  const bucket = new TokenBucket({ tokensPerInterval: rate, bucketSize: size, interval: 'second' });
  bucket.content = size;
  return bucket;
}

/**
 * Tokens of one tenant may differ in their rate: the part that is left stays, so that none of them
 * is a way around the other.
 */
function resize(bucket: TokenBucket, rate: number, size: number): void {
  bucket.drip();
  bucket.content *= size / bucket.bucketSize;
  bucket.bucketSize = size;
  bucket.tokensPerInterval = rate;
}

const rateLimited = (rate: number, waitMs: number): AppError =>
  new AppError(
    'rate_limited',
    `the tenant makes more than ${rate} calls per second; call again after Retry-After`,
    {
      details: { requests_per_second: rate },
      headers: { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1000))) },
    },
  );
