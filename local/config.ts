import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scopes } from '@steppe/contracts/scopes';
import {
  type HostVariables,
  hostVariableNames,
} from '@steppe/control-plane/provisioner/local-process/agent-environment';
import { poolVariables } from '@steppe/control-plane/runtimes/pool-variables';
import { callerVariables } from '@steppe/service-kit/auth/caller/caller-variables';
import { loadConfig, pickVariables } from '@steppe/service-kit/config/load-config';
import { planeVariables } from '@steppe/service-kit/config/plane-variables';
import {
  agentLimitVariables,
  commonVariables,
  crossCheck,
  integerVariable,
  isProduction,
  portVariable,
  requiredText,
  runtimeVariables,
} from '@steppe/service-kit/config/variables';
import { corsOriginsVariable } from '@steppe/service-kit/http/browsers/browser-variables';
import * as z from 'zod';

const runVariables = z
  .object({
    PORT: portVariable.default(8080).describe('port on 127.0.0.1 that clients call'),
    STEPPE_ENV: commonVariables.STEPPE_ENV,
    AUTH_MODE: callerVariables.AUTH_MODE,
    AUTH_BYPASS_TENANT: callerVariables.AUTH_BYPASS_TENANT,
    AUTH_BYPASS_HOSTS: callerVariables.AUTH_BYPASS_HOSTS,
    CORS_ORIGINS: corsOriginsVariable,
    LOG_LEVEL: commonVariables.LOG_LEVEL.default('warn').describe('minimum level that is logged'),
    STEPPE_PYTHON: z.string().default('python3').describe('the Python interpreter of sessions'),
    TMPDIR: z
      .string()
      .optional()
      .describe('directory of the instances, if its path has at most 29 bytes; else /tmp'),
    ...runtimeVariables,
    ...agentLimitVariables,
    STEPPE_NODE: z
      .string()
      .default(process.execPath)
      .describe('the Node binary of sessions; unset: the one that runs local mode'),
    DYNAMODB_ENDPOINT: planeVariables.DYNAMODB_ENDPOINT.describe(
      'URL of a DynamoDB whose table outlives local mode; unset: a table in memory',
    ),
    SESSIONS_TABLE: planeVariables.SESSIONS_TABLE.describe(
      'name of the table at DYNAMODB_ENDPOINT; only one local mode can use it at a time',
    ),
    AWS_REGION: requiredText.default('us-east-1').describe('AWS region of that table'),
    ...poolVariables,
    SESSIONS_PER_TENANT: integerVariable(0, 5_000)
      .default(100)
      .describe('maximum live sessions of a tenant'),
    STEPPE_SHUTDOWN_SECONDS: integerVariable(0, 600)
      .default(3)
      .describe('time limit for running steps to finish after Ctrl-C'),
  })
  .check(
    crossCheck((ctx) => {
      if (!isProduction(ctx.value.STEPPE_ENV)) return;
      ctx.issues.push({
        code: 'custom',
        path: ['STEPPE_ENV'],
        message: `local mode runs code as the person who started it, so set STEPPE_ENV to development or test; it is ${ctx.value.STEPPE_ENV} (unset means production)`,
        input: ctx.value,
      });
    }),
  );

export type RunConfig = z.output<typeof runVariables>;

export function readRunConfig(): RunConfig {
  // Suppresses a notice of the SDK about Node versions.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  return loadConfig({
    service: 'steppe',
    variables: runVariables,
    env: process.env,
    args: process.argv.slice(2),
  });
}

/** All scopes, in the form of a scope claim. */
export const allScopes = scopes.join(' ');
const isScope = (text: string): boolean => scopes.some((scope) => scope === text);

const tokenVariables = z.object({
  PORT: portVariable.default(8080).describe('port of the local mode that is running'),
  TENANT: z.string().min(1).default('development').describe('tenant of the token'),
  SCOPES: z
    .string()
    .refine(
      (text) => text.split(' ').every(isScope),
      `must be some of ${allScopes}, a space between them`,
    )
    .default(allScopes)
    .describe('scopes of the token, separated by spaces'),
  TTL: integerVariable(1, 31_536_000).default(43_200).describe('lifetime of the token in seconds'),
});

export const readTokenConfig = () =>
  loadConfig({
    service: 'token',
    variables: tokenVariables,
    env: process.env,
    args: process.argv.slice(2),
  });

/** The directory of the bundles, which contains this bundle too. */
export const bundleDirectory = fileURLToPath(new URL('.', import.meta.url));
export const agentBundle = join(bundleDirectory, 'session-agent.cjs');
/** Files of running local modes, read by `make token`; private to the user who started them. */
export const stateDirectory = fileURLToPath(new URL('../.steppe/', import.meta.url));

/** The variables of this process that agents inherit. */
export const hostVariables = (): HostVariables => pickVariables(process.env, hostVariableNames);
