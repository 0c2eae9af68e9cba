import { limits } from '@steppe/contracts/limits';
import { maxSocketPathBytes, socketPathOf } from '@steppe/contracts/unix-socket';
import * as z from 'zod';
import { type BodyBudgetOptions, defaultBodyBudget } from '../http/body/body-budget.ts';
import { crossCheck, integerVariable, isProduction, requiredText } from './variables.ts';

/** Variables of both planes: the sessions table, and the key that signs tokens for agents. */
export const planeVariables = {
  INTERNAL_KEY_FILE: requiredText.describe(
    'file with the Ed25519 private JSON Web Key that signs tokens for agents, or with a key set, oldest first; reloaded on change',
  ),
  AWS_REGION: requiredText.describe('AWS region of the sessions table'),
  DYNAMODB_ENDPOINT: z
    .union([z.url({ protocol: /^https?$/ }), z.string().regex(/^unix:\//)], {
      error: 'must be an http or https URL, or unix: and the absolute path of a socket',
    })
    .refine((endpoint) => Buffer.byteLength(socketPathOf(endpoint) ?? '') <= maxSocketPathBytes, {
      error: `the path of a socket must have ${maxSocketPathBytes} bytes at most`,
    })
    .optional()
    .describe(
      'URL of DynamoDB; unset: the endpoint of the region; unix:/path is a local socket, in development and test only',
    ),
  SESSIONS_TABLE: z.string().default('steppe-sessions').describe('name of the sessions table'),
  DYNAMODB_TIMEOUT_MS: integerVariable(300, 60_000)
    .default(3_000)
    .describe('time limit of one operation on the table; each of its three attempts gets a third'),
};

/** The table, and what a client of it needs. */
export interface DynamoDbConfig {
  region: string;
  endpoint: string | undefined;
  tableName: string;
  /** Of one operation, retries included. */
  timeLimitMs: number;
  attemptTimeoutMs: number;
  connectTimeoutMs: number;
}

export const toDynamoDbConfig = (value: {
  AWS_REGION: string;
  DYNAMODB_ENDPOINT?: string | undefined;
  SESSIONS_TABLE: string;
  DYNAMODB_TIMEOUT_MS: number;
}): DynamoDbConfig => ({
  region: value.AWS_REGION,
  endpoint: value.DYNAMODB_ENDPOINT,
  tableName: value.SESSIONS_TABLE,
  timeLimitMs: value.DYNAMODB_TIMEOUT_MS,
  attemptTimeoutMs: Math.floor(value.DYNAMODB_TIMEOUT_MS / 3),
  connectTimeoutMs: Math.floor(value.DYNAMODB_TIMEOUT_MS / 6),
});

/** A server on a socket of this machine checks no signature: it replaces DynamoDB. */
export const checkStoreEndpoint = crossCheck<{
  STEPPE_ENV: string;
  DYNAMODB_ENDPOINT?: string | undefined;
}>((ctx) => {
  const { STEPPE_ENV, DYNAMODB_ENDPOINT = '' } = ctx.value;
  if (socketPathOf(DYNAMODB_ENDPOINT) === undefined || !isProduction(STEPPE_ENV)) return;
  ctx.issues.push({
    code: 'custom',
    path: ['DYNAMODB_ENDPOINT'],
    message: `a socket is for STEPPE_ENV=development or test alone, and STEPPE_ENV is ${STEPPE_ENV} (unset means production)`,
    input: ctx.value,
  });
});

/**
 * Variables of both planes, which read bodies into memory. The largest allowed body always fits.
 */
export const bodyBudgetVariables = {
  BODY_BUDGET_BYTES: integerVariable(limits.requestBodyBytes, Number.MAX_SAFE_INTEGER)
    .default(defaultBodyBudget.totalBytes)
    .describe('memory for JSON bodies of requests in this replica; requests beyond it get 429'),
  TENANT_BODY_BUDGET_BYTES: integerVariable(limits.requestBodyBytes, Number.MAX_SAFE_INTEGER)
    .default(defaultBodyBudget.tenantBytes)
    .describe('memory for JSON bodies of one tenant’s requests in this replica'),
};

export const toBodyBudget = (value: {
  BODY_BUDGET_BYTES: number;
  TENANT_BODY_BUDGET_BYTES: number;
}): BodyBudgetOptions => ({
  totalBytes: value.BODY_BUDGET_BYTES,
  tenantBytes: value.TENANT_BODY_BUDGET_BYTES,
});

/** Checks a service with both ports. */
export const checkPorts = crossCheck<{ PORT: number; OPERATOR_PORT: number }>((ctx) => {
  const { PORT, OPERATOR_PORT } = ctx.value;
  // 0 chooses a free port for each.
  if (PORT !== OPERATOR_PORT || !(PORT > 0)) return;
  ctx.issues.push({
    code: 'custom',
    path: ['OPERATOR_PORT'],
    message: `must be another than PORT, ${PORT}`,
    input: ctx.value,
  });
});
