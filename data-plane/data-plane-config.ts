import {
  type BodyBudgetOptions,
  defaultBodyBudget,
} from '@steppe/service-kit/http/body/body-budget';
import type { RateLimitOptions } from './api/rate-limit.ts';
import type { RouteCacheOptions } from './routing/route-cache.ts';

/** The configuration of `startDataPlane`. Local mode builds one without an environment. */
export interface DataPlaneConfig extends DataPlaneTuning {
  host: string;
  /** 0 chooses a free port; the same holds for the operator's port. */
  port: number;
  operatorPort: number;
  controlPlaneUrl: string;
  /** The page at /docs and the OpenAPI document; tools/bundle.mjs writes them. */
  docsDirectory: string;
}

export interface DataPlaneTuning {
  rateLimit: RateLimitOptions;
  bodyBudget: BodyBudgetOptions;
  routeCache: RouteCacheOptions;
  connectTimeoutMs: number;
  /** Delays before each retry after a connection could not be established. */
  connectRetryDelaysMs: readonly number[];
  agentIdleTimeoutMs: number;
  controlPlaneIdleTimeoutMs: number;
  /** An upload that makes next to no progress for this long is given up. */
  uploadStallLimitMs: number;
  /** A client that reads nothing of its response for this long is cut off. */
  writeTimeoutMs: number;
  /** Where spans are sent, by OTLP over HTTP; undefined: nothing is recorded. */
  otlpEndpoint: string | undefined;
  /** How long requests may continue after `close` was called. */
  shutdownLimitMs: number;
  /** Origins whose pages may call from a browser. */
  corsOrigins: readonly string[];
}

export const defaultTuning: DataPlaneTuning = {
  // Off: only an operator can say how many calls are too many for one tenant.
  rateLimit: { requestsPerSecond: undefined, burstSeconds: 5 },
  bodyBudget: defaultBodyBudget,
  routeCache: { max: 50_000, ttlMs: 5_000, staleMs: 60_000 },
  connectTimeoutMs: 1_000,
  connectRetryDelaysMs: [100, 300, 900],
  // An agent sends a byte at least every 5 s.
  agentIdleTimeoutMs: 15_000,
  controlPlaneIdleTimeoutMs: 180_000,
  // Shorter than the agent's own limit for us.
  uploadStallLimitMs: 30_000,
  // Even twice as long is shorter than the agent's limit.
  writeTimeoutMs: 60_000,
  otlpEndpoint: undefined,
  shutdownLimitMs: 30_000,
  corsOrigins: [],
};
