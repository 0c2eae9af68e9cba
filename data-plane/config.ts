import { fileURLToPath } from 'node:url';
import {
  type CallerConfig,
  callerVariables,
  checkCallerVariables,
  toCallerConfig,
} from '@steppe/service-kit/auth/caller/caller-variables';
import { loadConfig } from '@steppe/service-kit/config/load-config';
import {
  bodyBudgetVariables,
  checkPorts,
  checkStoreEndpoint,
  type DynamoDbConfig,
  planeVariables,
  toBodyBudget,
  toDynamoDbConfig,
} from '@steppe/service-kit/config/plane-variables';
import {
  commonVariables,
  crossCheck,
  integerVariable,
  portVariable,
} from '@steppe/service-kit/config/variables';
import { corsOriginsVariable } from '@steppe/service-kit/http/browsers/browser-variables';
import * as z from 'zod';
import { type DataPlaneConfig, defaultTuning } from './data-plane-config.ts';

const { routeCache } = defaultTuning;

/** The callers supply the paths: any other part of the URL would be ignored. */
const isBare = (url: string): boolean =>
  !URL.canParse(url) || new URL(url).href === `${new URL(url).origin}/`;

export const dataPlaneVariables = z
  .object({
    ...commonVariables,
    PORT: portVariable.default(8080).describe('port that clients call'),
    OPERATOR_PORT: portVariable.default(9090).describe('port of /livez, /readyz and /metrics'),
    CONTROL_PLANE_URL: z
      .url({ protocol: /^http$/, error: 'must be an http URL' })
      .refine(isBare, 'must be an http URL of a host and a port alone')
      .describe(
        'URL of the control-plane, to which session calls are proxied; only host and port, no path',
      ),
    ...callerVariables,
    CORS_ORIGINS: corsOriginsVariable,
    ...planeVariables,
    RATE_LIMIT_PER_SECOND: integerVariable(1, 1_000_000)
      .optional()
      .describe('requests per second that a tenant may send to this replica; unset: no limit'),
    RATE_LIMIT_BURST_SECONDS: integerVariable(1, 3_600)
      .default(defaultTuning.rateLimit.burstSeconds)
      .describe('size of a burst, in seconds of RATE_LIMIT_PER_SECOND'),
    ...bodyBudgetVariables,
    ROUTE_CACHE_SIZE: integerVariable(1, 10_000_000)
      .default(routeCache.max)
      .describe('maximum routes in the cache'),
    ROUTE_TTL_MS: integerVariable(0, 600_000)
      .default(routeCache.ttlMs)
      .describe('how long a cached route is fresh, ± 50 %'),
    ROUTE_STALE_SECONDS: integerVariable(0, 86_400)
      .default(routeCache.staleMs / 1000)
      .describe('maximum age at which a cached route is still used while it is refreshed'),
    AGENT_SILENCE_LIMIT_SECONDS: integerVariable(6, 600)
      .default(defaultTuning.agentIdleTimeoutMs / 1000)
      .describe('idle timeout of responses from agents; agents send a byte at least every 5 s'),
    CONTROL_PLANE_SILENCE_LIMIT_SECONDS: integerVariable(1, 7_200)
      .default(defaultTuning.controlPlaneIdleTimeoutMs / 1000)
      .describe(
        'idle timeout of responses from the control-plane, longer than PROVISIONING_LIMIT_SECONDS',
      ),
    PROVISIONING_LIMIT_SECONDS: integerVariable(1, 3_600)
      .default(60)
      .describe(
        'PROVISIONING_LIMIT_SECONDS of the control-plane, the longest time that a create takes',
      ),
    UPLOAD_STALL_LIMIT_SECONDS: integerVariable(1, 55)
      .default(defaultTuning.uploadStallLimitMs / 1000)
      .describe('idle timeout of uploads'),
    ANSWER_STALL_LIMIT_SECONDS: integerVariable(1, 85)
      .default(defaultTuning.writeTimeoutMs / 1000)
      .describe(
        'write timeout of responses: a client that reads nothing for this long is disconnected',
      ),
    OTEL_EXPORTER_OTLP_ENDPOINT: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(
        'OTLP over HTTP endpoint for spans (other OTEL_ variables apply too); unset: no tracing',
      ),
    SHUTDOWN_LIMIT_SECONDS: integerVariable(0, 3_600)
      .default(defaultTuning.shutdownLimitMs / 1000)
      .describe('time limit for running requests to finish after SIGTERM'),
  })
  .check(checkCallerVariables)
  .check(checkPorts)
  .check(checkStoreEndpoint)
  .check(
    crossCheck((ctx) => {
      const { CONTROL_PLANE_SILENCE_LIMIT_SECONDS: limit, PROVISIONING_LIMIT_SECONDS: create } =
        ctx.value;
      if (limit > create) return;
      ctx.issues.push({
        code: 'custom',
        path: ['CONTROL_PLANE_SILENCE_LIMIT_SECONDS'],
        message: `must be above PROVISIONING_LIMIT_SECONDS, or creates would be given up while they run: ${limit} is not above ${create}`,
        input: ctx.value,
      });
    }),
  );

type Variables = z.output<typeof dataPlaneVariables>;

interface Config {
  dataPlane: DataPlaneConfig;
  caller: CallerConfig;
  internalKeyFile: string;
  dynamoDb: DynamoDbConfig;
  logLevel: string;
}

/** Reads the process's configuration; exits if it cannot be used. */
export const readConfig = (): Config =>
  toConfig(
    loadConfig({
      service: 'data-plane',
      variables: dataPlaneVariables,
      env: process.env,
      args: process.argv.slice(2),
    }),
  );

export const toConfig = (value: Variables): Config => ({
  dataPlane: toDataPlaneConfig(value),
  caller: toCallerConfig(value),
  internalKeyFile: value.INTERNAL_KEY_FILE,
  dynamoDb: toDynamoDbConfig(value),
  logLevel: value.LOG_LEVEL,
});

const toDataPlaneConfig = (value: Variables): DataPlaneConfig => ({
  ...defaultTuning,
  host: value.HOST,
  port: value.PORT,
  operatorPort: value.OPERATOR_PORT,
  controlPlaneUrl: value.CONTROL_PLANE_URL,
  docsDirectory: fileURLToPath(new URL('./docs', import.meta.url)),
  rateLimit: {
    requestsPerSecond: value.RATE_LIMIT_PER_SECOND,
    burstSeconds: value.RATE_LIMIT_BURST_SECONDS,
  },
  bodyBudget: toBodyBudget(value),
  routeCache: {
    max: value.ROUTE_CACHE_SIZE,
    ttlMs: value.ROUTE_TTL_MS,
    staleMs: value.ROUTE_STALE_SECONDS * 1000,
  },
  agentIdleTimeoutMs: value.AGENT_SILENCE_LIMIT_SECONDS * 1000,
  controlPlaneIdleTimeoutMs: value.CONTROL_PLANE_SILENCE_LIMIT_SECONDS * 1000,
  uploadStallLimitMs: value.UPLOAD_STALL_LIMIT_SECONDS * 1000,
  writeTimeoutMs: value.ANSWER_STALL_LIMIT_SECONDS * 1000,
  corsOrigins: value.CORS_ORIGINS,
  otlpEndpoint: value.OTEL_EXPORTER_OTLP_ENDPOINT,
  shutdownLimitMs: value.SHUTDOWN_LIMIT_SECONDS * 1000,
});
