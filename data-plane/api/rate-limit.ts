import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { Principal } from '@steppe/service-kit/auth/caller/principal';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import { LRUCache } from 'lru-cache';

export interface RateLimitOptions {
  /**
   * Calls per second of one tenant at this replica, used if its token has no rate of its own;
   * undefined means no limit.
   */
  requestsPerSecond: number | undefined;
  /** How many seconds' worth of calls may arrive at once after a pause. */
  burstSeconds: number;
}

/** Counts a call of the tenant. @throws AppError `rate_limited` if no calls are left. */
export type RateLimiter = (caller: Pick<Principal, 'tenantId' | 'requestsPerSecond'>) => void;

/**
 * A tenant starts with a full bucket again once this many others have called since its last call.
 */
export const rememberedTenants = 10_000;

interface Bucket {
  tokens: number;
  size: number;
  filledAtMs: number;
}

/**
 * Keeps a token bucket for each tenant in this replica's memory, so n replicas allow n times as
 * much. We wrote it ourselves because the libraries read the machine's clock.
 */
export function createRateLimiter(
  { requestsPerSecond, burstSeconds }: RateLimitOptions,
  clock: Pick<Clock, 'monotonicMs'>,
): RateLimiter {
  const buckets = new LRUCache<string, Bucket>({ max: rememberedTenants });
  return ({ tenantId, requestsPerSecond: own }) => {
    const rate = own ?? requestsPerSecond;
    if (rate === undefined) return;
    const size = rate * burstSeconds;
    const nowMs = clock.monotonicMs();
    const bucket = buckets.get(tenantId) ?? { tokens: size, size, filledAtMs: nowMs };
    buckets.set(tenantId, bucket);
    refill(bucket, { nowMs, burstSeconds });
    resize(bucket, size);
    if (bucket.tokens < 1) throw rateLimited(rate, ((1 - bucket.tokens) / rate) * 1000);
    bucket.tokens--;
  };
}

/** Refills at the rate that the bucket has had since the last call. */
function refill(
  bucket: Bucket,
  { nowMs, burstSeconds }: { nowMs: number; burstSeconds: number },
): void {
  const seconds = (nowMs - bucket.filledAtMs) / 1000;
  bucket.tokens = Math.min(bucket.size, bucket.tokens + (bucket.size / burstSeconds) * seconds);
  bucket.filledAtMs = nowMs;
}

/** Tokens of one tenant may have different rates; a caller gains nothing by alternating. */
function resize(bucket: Bucket, size: number): void {
  bucket.tokens *= size / bucket.size;
  bucket.size = size;
}

const rateLimited = (rate: number, waitMs: number): AppError =>
  new AppError('rate_limited', errorMessages.rate_limited(rate), {
    details: { requests_per_second: rate },
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1000))) },
  });
