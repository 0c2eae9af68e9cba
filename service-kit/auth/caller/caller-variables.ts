import { scopes } from '@steppe/contracts/scopes';
import * as z from 'zod';
import {
  crossCheck,
  integerVariable,
  isProduction,
  jsonObjectVariable,
  listVariable,
} from '../../config/variables.ts';
import { bypassHostsVariable } from '../../http/browsers/browser-variables.ts';
import type { JwtVerifierOptions } from './jwt-verifier.ts';

const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const oneOrMoreScopes = z.union(
  [z.enum(scopes).transform((scope) => [scope]), z.array(z.enum(scopes))],
  {
    error: `must be one of ${scopes.join(', ')}, or a list of them`,
  },
);
const scopeMapVariable = jsonObjectVariable.pipe(z.record(z.string(), oneOrMoreScopes));

/** The variables of a service that callers reach: how it identifies them. */
export const callerVariables = {
  AUTH_MODE: z
    .enum(['jwt', 'bypass'])
    .default('jwt')
    .describe(
      'jwt verifies tokens; bypass accepts every call as one tenant, in development and test only',
    ),
  AUTH_BYPASS_TENANT: z
    .string()
    .min(1)
    .max(256)
    .default('development')
    .describe('tenant of every call with AUTH_MODE=bypass'),
  AUTH_BYPASS_HOSTS: bypassHostsVariable,
  JWT_ISSUER: listVariable
    .optional()
    .describe('accepted iss of tokens, separated by commas; required with jwt'),
  JWT_AUDIENCE: listVariable
    .optional()
    .describe(
      'accepted aud of tokens, separated by commas; one match is enough; required with jwt',
    ),
  JWT_AUDIENCE_CLAIM: z
    .string()
    .default('aud')
    .describe('claim with the audience, for example client_id'),
  JWKS_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('URL of the issuer’s keys; jwt requires JWKS_URL or JWKS_FILE'),
  JWKS_FILE: z.string().optional().describe('file with the issuer’s keys; reloaded on change'),
  JWT_ALGORITHMS: z
    .string()
    .default('RS256,ES256,EdDSA')
    .pipe(listVariable)
    .pipe(z.array(z.enum(asymmetric)).min(1))
    .describe('accepted algorithms, separated by commas; asymmetric ones only'),
  JWT_TENANT_CLAIM: z
    .string()
    .default('tenant')
    .describe('claim with the tenant: a name or a dotted path'),
  JWT_SCOPE_CLAIM: z
    .string()
    .default('scope')
    .pipe(listVariable)
    .pipe(z.array(z.string()).min(1))
    .describe(
      'claim with the scopes, as text with spaces or as a list; of several claims, separated by commas, the first one in the token applies',
    ),
  JWT_SCOPE_MAP: scopeMapVariable
    .optional()
    .describe(
      'JSON object that maps the issuer’s scopes to ours, to one or to a list; unset: the names are the same',
    ),
  JWT_DEFAULT_SCOPES: listVariable
    .pipe(z.array(z.enum(scopes)))
    .optional()
    .describe('scopes of a token without a scope claim, separated by commas; unset: none'),
  JWT_QUOTA_CLAIM: z.string().optional().describe('claim with the tenant’s quota of live sessions'),
  JWT_RATE_CLAIM: z.string().optional().describe('claim with the tenant’s requests per second'),
  JWT_CLOCK_TOLERANCE_SECONDS: integerVariable(0, 300)
    .default(5)
    .describe('allowed clock difference in seconds'),
  JWT_MAX_AGE_SECONDS: integerVariable(1, 31_536_000)
    .optional()
    .describe('maximum age of tokens since their iat, in seconds; unset: only exp applies'),
};

type CallerVariables = z.output<z.ZodObject<typeof callerVariables>> & { STEPPE_ENV: string };

/**
 * The rules between variables. Each violation is an issue of its own, so that all are reported at
 * once.
 */
export const checkCallerVariables = crossCheck<CallerVariables>((ctx) => {
  const { value } = ctx;
  const refuse = (path: string, message: string) =>
    ctx.issues.push({ code: 'custom', path: [path], message, input: value });
  if (value.AUTH_MODE === 'bypass') {
    if (isProduction(value.STEPPE_ENV)) {
      refuse(
        'AUTH_MODE',
        `bypass is for STEPPE_ENV=development or test alone, and STEPPE_ENV is ${value.STEPPE_ENV} (unset means production)`,
      );
    }
    return;
  }
  if (!value.JWT_ISSUER?.length) refuse('JWT_ISSUER', 'must be set with AUTH_MODE=jwt');
  if (!value.JWT_AUDIENCE?.length) refuse('JWT_AUDIENCE', 'must be set with AUTH_MODE=jwt');
  if (!value.JWKS_URL === !value.JWKS_FILE)
    refuse('JWKS_URL', 'set exactly one of JWKS_URL and JWKS_FILE with AUTH_MODE=jwt');
});

/** The input of `createCallerVerifier`; local mode builds it without an environment. */
export type CallerConfig =
  | { authMode: 'bypass'; tenant: string; hosts: readonly string[] }
  | ({ authMode: 'jwt'; keys: { url: string } | { file: string } } & Omit<
      JwtVerifierOptions,
      'keys'
    >);

/** Converts variables that passed `checkCallerVariables` to a config. */
export function toCallerConfig(value: CallerVariables): CallerConfig {
  if (value.AUTH_MODE === 'bypass') {
    return { authMode: 'bypass', tenant: value.AUTH_BYPASS_TENANT, hosts: value.AUTH_BYPASS_HOSTS };
  }
  return {
    authMode: 'jwt',
    issuers: value.JWT_ISSUER ?? [],
    audiences: value.JWT_AUDIENCE ?? [],
    audienceClaim: value.JWT_AUDIENCE_CLAIM,
    keys: value.JWKS_URL ? { url: value.JWKS_URL } : { file: value.JWKS_FILE ?? '' },
    algorithms: value.JWT_ALGORITHMS,
    tenantClaim: value.JWT_TENANT_CLAIM,
    scopeClaims: value.JWT_SCOPE_CLAIM,
    scopeMap: value.JWT_SCOPE_MAP && new Map(Object.entries(value.JWT_SCOPE_MAP)),
    defaultScopes: value.JWT_DEFAULT_SCOPES ?? [],
    quotaClaim: value.JWT_QUOTA_CLAIM,
    rateClaim: value.JWT_RATE_CLAIM,
    clockToleranceSeconds: value.JWT_CLOCK_TOLERANCE_SECONDS,
    maxAgeSeconds: value.JWT_MAX_AGE_SECONDS,
  };
}
