import {
  type BodyBudgetOptions,
  defaultBodyBudget,
} from '@steppe/service-kit/http/body/body-budget';
import type { RateLimitOptions } from './api/rate-limit.ts';
import type { RouteCacheOptions } from './routing/route-cache.ts';

/** What `startDataPlane` runs by. Local mode makes one without an environment. */
export interface DataPlaneConfig extends DataPlaneTuning {
  host: string;
  /** 0 takes a free one; so for the operator's. */
  port: number;
  operatorPort: number;
  controlPlaneUrl: string;
}

export interface DataPlaneTuning {
  rateLimit: RateLimitOptions;
  bodyBudget: BodyBudgetOptions;
  routeCache: RouteCacheOptions;
  connectTimeoutMs: number;
  /** Waiting times before each further try after a connection could not be made. */
  connectRetryDelaysMs: readonly number[];
  agentIdleTimeoutMs: number;
  controlPlaneIdleTimeoutMs: number;
  /** A client that sends next to nothing of a file for so long has its upload given up. */
  uploadStallLimitMs: number;
  /** A client that takes nothing of its response for so long is cut off. */
  writeTimeoutMs: number;
  /** Where spans are sent, by OTLP over HTTP; undefined: nothing is recorded. */
  otlpEndpoint: string | undefined;
  /** How long requests may continue after `close` was called. */
  shutdownLimitMs: number;
  /** Origins whose pages may call from a browser. */
  corsOrigins: readonly string[];
}

export const defaultTuning: DataPlaneTuning = {
  // Off: what is much for one tenant is an operator's to say.
  rateLimit: { requestsPerSecond: undefined, burstSeconds: 5 },
  bodyBudget: defaultBodyBudget,
  routeCache: { max: 50_000, ttlMs: 5_000, staleMs: 60_000 },
  connectTimeoutMs: 1_000,
  connectRetryDelaysMs: [100, 300, 900],
  // An agent gives a byte at least every 5 s.
  agentIdleTimeoutMs: 15_000,
  controlPlaneIdleTimeoutMs: 180_000,
  // Below what an agent allows us.
  uploadStallLimitMs: 30_000,
  // Twice as long is below it, too.
  writeTimeoutMs: 60_000,
  otlpEndpoint: undefined,
  shutdownLimitMs: 30_000,
  corsOrigins: [],
};
