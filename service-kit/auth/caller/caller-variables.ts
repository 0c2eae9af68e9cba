import { scopes } from '@steppe/contracts/scopes';
import * as z from 'zod';
import { crossCheck, integerVariable, isProduction, listVariable } from '../../config/variables.ts';
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
const scopeMapVariable = z
  .string()
  .transform((text, ctx) => {
    try {
      return JSON.parse(text);
    } catch {
      ctx.addIssue('must be a JSON object');
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string(), oneOrMoreScopes));

/** The variables of a service that callers reach: how it identifies them. */
export const callerVariables = {
  AUTH_MODE: z
    .enum(['jwt', 'bypass'])
    .default('jwt')
    .describe('bypass takes every call for one tenant; development and test alone'),
  AUTH_BYPASS_TENANT: z
    .string()
    .min(1)
    .max(256)
    .default('development')
    .describe('the tenant of every call under bypass'),
  AUTH_BYPASS_HOSTS: bypassHostsVariable,
  JWT_ISSUER: listVariable
    .optional()
    .describe('the iss of callers’ tokens, or several with a comma between; required with jwt'),
  JWT_AUDIENCE: listVariable
    .optional()
    .describe('the aud of callers’ tokens, or several, any of which will do; required with jwt'),
  JWT_AUDIENCE_CLAIM: z
    .string()
    .default('aud')
    .describe('the claim that names the audience, such as client_id'),
  JWKS_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('where the issuer publishes its keys; this or JWKS_FILE with jwt'),
  JWKS_FILE: z
    .string()
    .optional()
    .describe('a file with the issuer’s keys; read again when it changes'),
  JWT_ALGORITHMS: z
    .string()
    .default('RS256,ES256,EdDSA')
    .pipe(listVariable)
    .pipe(z.array(z.enum(asymmetric)).min(1))
    .describe('allowed algorithms, a comma between them; never a symmetric one'),
  JWT_TENANT_CLAIM: z
    .string()
    .default('tenant')
    .describe('the claim that names the tenant: its name or a dotted path'),
  JWT_SCOPE_CLAIM: z
    .string()
    .default('scope')
    .pipe(listVariable)
    .pipe(z.array(z.string()).min(1))
    .describe(
      'the claim with the scopes: a text with spaces or a list; of several, the first that a token has',
    ),
  JWT_SCOPE_MAP: scopeMapVariable
    .optional()
    .describe(
      'a JSON object from the issuer’s names to one of our scopes or a list; unset: the names are ours',
    ),
  JWT_DEFAULT_SCOPES: listVariable
    .pipe(z.array(z.enum(scopes)))
    .optional()
    .describe('scopes of a token that has no scope claim, a comma between them; unset: none'),
  JWT_QUOTA_CLAIM: z
    .string()
    .optional()
    .describe('the claim with the tenant’s own quota of live sessions'),
  JWT_RATE_CLAIM: z
    .string()
    .optional()
    .describe('the claim with the tenant’s own requests per second'),
  JWT_CLOCK_TOLERANCE_SECONDS: integerVariable(0, 300)
    .default(5)
    .describe('seconds by which clocks may differ'),
  JWT_MAX_AGE_SECONDS: integerVariable(1, 31_536_000)
    .optional()
    .describe(
      'tokens that were issued longer ago are refused, by their iat; unset: exp alone counts',
    ),
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
