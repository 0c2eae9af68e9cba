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
  planeVariables,
  toBodyBudget,
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
        'where calls about sessions are passed on to: a host and a port alone, without a path',
      ),
    ...callerVariables,
    CORS_ORIGINS: corsOriginsVariable,
    ...planeVariables,
    RATE_LIMIT_PER_SECOND: integerVariable(1, 1_000_000)
      .optional()
      .describe('calls per second that a tenant may make at this replica; unset: any number'),
    RATE_LIMIT_BURST_SECONDS: integerVariable(1, 3_600)
      .default(defaultTuning.rateLimit.burstSeconds)
      .describe('how many seconds’ worth of them may come at once'),
    ...bodyBudgetVariables,
    ROUTE_CACHE_SIZE: integerVariable(1, 10_000_000)
      .default(routeCache.max)
      .describe('sessions whose routes are kept in memory'),
    ROUTE_TTL_MS: integerVariable(0, 600_000)
      .default(routeCache.ttlMs)
      .describe('how long a route is used without a read, ± a half'),
    ROUTE_STALE_SECONDS: integerVariable(0, 86_400)
      .default(routeCache.staleMs / 1000)
      .describe('age up to which a route is used once more while it is read again'),
    AGENT_SILENCE_LIMIT_SECONDS: integerVariable(6, 600)
      .default(defaultTuning.agentIdleTimeoutMs / 1000)
      .describe('an agent that gives no byte for so long is given up; it promises one every 5'),
    CONTROL_PLANE_SILENCE_LIMIT_SECONDS: integerVariable(1, 7_200)
      .default(defaultTuning.controlPlaneIdleTimeoutMs / 1000)
      .describe(
        'a control-plane that does not respond for so long is given up; above PROVISIONING_LIMIT_SECONDS',
      ),
    PROVISIONING_LIMIT_SECONDS: integerVariable(1, 3_600)
      .default(60)
      .describe('the same as the control-plane’s: a create may take so long to respond'),
    UPLOAD_STALL_LIMIT_SECONDS: integerVariable(1, 55)
      .default(defaultTuning.uploadStallLimitMs / 1000)
      .describe('an upload that stands still for so long is given up'),
    ANSWER_STALL_LIMIT_SECONDS: integerVariable(1, 85)
      .default(defaultTuning.writeTimeoutMs / 1000)
      .describe('a client that takes nothing of its response for so long is cut off'),
    OTEL_EXPORTER_OTLP_ENDPOINT: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(
        'where spans of calls are sent, by OTLP over HTTP (its further OTEL_ variables count too); unset: nowhere',
      ),
    SHUTDOWN_LIMIT_SECONDS: integerVariable(0, 3_600)
      .default(defaultTuning.shutdownLimitMs / 1000)
      .describe('how long requests may continue after SIGTERM'),
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
  dynamoDb: { region: string; endpoint: string | undefined; tableName: string };
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
  dynamoDb: {
    region: value.AWS_REGION,
    endpoint: value.DYNAMODB_ENDPOINT,
    tableName: value.SESSIONS_TABLE,
  },
  logLevel: value.LOG_LEVEL,
});

const toDataPlaneConfig = (value: Variables): DataPlaneConfig => ({
  ...defaultTuning,
  host: value.HOST,
  port: value.PORT,
  operatorPort: value.OPERATOR_PORT,
  controlPlaneUrl: value.CONTROL_PLANE_URL,
  docsDirectory: fileURLToPath(new URL('docs', import.meta.url)),
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
