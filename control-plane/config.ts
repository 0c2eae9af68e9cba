import { limits } from '@steppe/contracts/limits';
import {
  type CallerConfig,
  callerVariables,
  checkCallerVariables,
  toCallerConfig,
} from '@steppe/service-kit/auth/caller/caller-variables';
import { type Environment, loadConfig } from '@steppe/service-kit/config/load-config';
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
  agentLimitVariables,
  commonVariables,
  crossCheck,
  integerVariable,
  isProduction,
  portVariable,
  runtimeVariables,
} from '@steppe/service-kit/config/variables';
import * as z from 'zod';
import type { ProvisionerConfig } from './open-provisioner.ts';
import {
  kubernetesVariables,
  requiredByKubernetes,
  toKubernetesConfig,
} from './provisioner/kubernetes/kubernetes-config.ts';
import {
  localProcessVariables,
  requiredByLocalProcess,
  toLocalProcessConfig,
} from './provisioner/local-process/local-process-config.ts';
import { poolVariables } from './runtimes/pool-variables.ts';
import type { ControlPlaneConfig } from './start-control-plane.ts';

const requiredBy: Partial<Record<string, z.ZodObject>> = {
  'local-process': requiredByLocalProcess,
  kubernetes: requiredByKubernetes,
};

export const controlPlaneVariables = z
  .object({
    ...commonVariables,
    PORT: portVariable.default(8081).describe('port for session calls that the data-plane proxies'),
    OPERATOR_PORT: portVariable.default(9091).describe('port of /livez, /readyz and /metrics'),
    ...callerVariables,
    ...planeVariables,
    PROVISIONER: z
      .enum(['local-process', 'kubernetes'], { error: 'must be local-process or kubernetes' })
      .describe(
        'how sessions run; local-process runs their code as the user of the control-plane, in development and test only',
      ),
    ...kubernetesVariables,
    ...localProcessVariables,
    ...runtimeVariables,
    ...agentLimitVariables,
    ...poolVariables,
    ...bodyBudgetVariables,
    SESSIONS_PER_TENANT: integerVariable(0, limits.liveSessionsPerTenant)
      .default(50)
      .describe('maximum live sessions of a tenant'),
    MAX_TTL_SECONDS: integerVariable(limits.defaultTtlSeconds, 31_536_000)
      .default(86_400)
      .describe(
        `maximum lifetime of a session and maximum ttl_seconds; at least ${limits.defaultTtlSeconds}, the default of ttl_seconds`,
      ),
    PROVISIONING_LIMIT_SECONDS: integerVariable(1, 3_600)
      .default(60)
      .describe('time limit for a new session to become ready'),
    END_LIMIT_SECONDS: integerVariable(1, 600)
      .default(15)
      .describe('how long a DELETE waits for the instance to terminate'),
    RECONCILE_INTERVAL_SECONDS: integerVariable(1, 300)
      .default(60)
      .describe(
        'interval between passes of the reconciler, at most 300, and shorter after a failed pass; one replica runs them at a time',
      ),
    RECONCILE_LEASE_SECONDS: integerVariable(3, 86_400)
      .default(150)
      .describe(
        'lifetime of the reconciler’s lease, longer than the interval: after a crash, another replica waits this long',
      ),
    RECONCILE_GRACE_SECONDS: integerVariable(1, 3_600)
      .default(30)
      .describe(
        'how long the reconciler leaves creates, deletes and terminations to finish by themselves',
      ),
    SHUTDOWN_LIMIT_SECONDS: integerVariable(0, 3_600)
      .default(10)
      .describe('time limit for running requests to finish after SIGTERM'),
  })
  .check(checkCallerVariables)
  .check(checkPorts)
  .check(checkStoreEndpoint)
  .check(
    crossCheck((ctx) => {
      const { STEPPE_ENV, PROVISIONER } = ctx.value;
      if (PROVISIONER !== 'local-process' || !isProduction(STEPPE_ENV)) return;
      ctx.issues.push({
        code: 'custom',
        path: ['PROVISIONER'],
        message: `local-process is for STEPPE_ENV=development or test alone, and STEPPE_ENV is ${STEPPE_ENV} (unset means production)`,
        input: ctx.value,
      });
    }),
  )
  .check(
    crossCheck((ctx) => {
      const required = requiredBy[ctx.value.PROVISIONER];
      // The provisioner itself may be invalid; that is reported by its own check.
      const { error } = required?.safeParse(ctx.value) ?? {};
      for (const { path, message } of error?.issues ?? [])
        ctx.issues.push({ code: 'custom', path, message, input: ctx.value });
    }),
  )
  .check(
    crossCheck((ctx) => {
      const { RECONCILE_INTERVAL_SECONDS: interval, RECONCILE_LEASE_SECONDS: lease } = ctx.value;
      if (lease > interval) return;
      ctx.issues.push({
        code: 'custom',
        path: ['RECONCILE_LEASE_SECONDS'],
        message: `must be above RECONCILE_INTERVAL_SECONDS, or replicas would take the lease from each other: ${lease} is not above ${interval}`,
        input: ctx.value,
      });
    }),
  );

type Variables = z.output<typeof controlPlaneVariables>;

export interface Config {
  controlPlane: Omit<ControlPlaneConfig, 'runtimes'>;
  provisioner: ProvisionerConfig;
  caller: CallerConfig;
  internalKeyFile: string;
  dynamoDb: DynamoDbConfig;
  logLevel: string;
}

/** The configuration of the process. Exits the process if the configuration is invalid. */
export function readConfig(): Config {
  const variables = loadConfig({
    service: 'control-plane',
    variables: controlPlaneVariables,
    env: process.env,
    args: process.argv.slice(2),
  });
  return toConfig(variables, process.env);
}

export const toConfig = (value: Variables, env: Environment): Config => ({
  controlPlane: toControlPlaneConfig(value),
  provisioner: toProvisionerConfig(value, env),
  caller: toCallerConfig(value),
  internalKeyFile: value.INTERNAL_KEY_FILE,
  dynamoDb: toDynamoDbConfig(value),
  logLevel: value.LOG_LEVEL,
});

function toProvisionerConfig(value: Variables, env: Environment): ProvisionerConfig {
  const runtimes = { runtimesFile: value.STEPPE_RUNTIMES, poolSize: value.STEPPE_POOL_SIZE };
  switch (value.PROVISIONER) {
    case 'local-process':
      return toLocalProcessConfig(value, runtimes, env);
    case 'kubernetes':
      return toKubernetesConfig(value, runtimes, env);
  }
}

const toControlPlaneConfig = (value: Variables): Config['controlPlane'] => ({
  host: value.HOST,
  port: value.PORT,
  operatorPort: value.OPERATOR_PORT,
  limits: {
    sessionsPerTenant: value.SESSIONS_PER_TENANT,
    ttlSeconds: value.MAX_TTL_SECONDS,
    provisioningMs: value.PROVISIONING_LIMIT_SECONDS * 1000,
    endMs: value.END_LIMIT_SECONDS * 1000,
  },
  bodyBudget: toBodyBudget(value),
  poolStartsAtOnce: value.STEPPE_POOL_STARTS_AT_ONCE,
  reconciler: {
    intervalMs: value.RECONCILE_INTERVAL_SECONDS * 1000,
    leaseMs: value.RECONCILE_LEASE_SECONDS * 1000,
    graceMs: value.RECONCILE_GRACE_SECONDS * 1000,
  },
  shutdownMs: value.SHUTDOWN_LIMIT_SECONDS * 1000,
});
