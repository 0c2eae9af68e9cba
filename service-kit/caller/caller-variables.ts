import { z } from 'zod';
import { crossCheck, integerVariable, isProduction } from '../variables.ts';

const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;

/** How a service that callers reach learns who calls. */
export const callerVariables = {
  AUTH_MODE: z
    .enum(['jwt', 'bypass'])
    .default('jwt')
    .describe('bypass takes every call for one tenant; development and test alone'),
  AUTH_BYPASS_TENANT: z.string().default('development').describe('the tenant of every call under bypass'),
  JWT_ISSUER: z.string().optional().describe('the iss of callers’ tokens; required with jwt'),
  JWT_AUDIENCE: z.string().optional().describe('the aud of callers’ tokens; required with jwt'),
  JWKS_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('where the issuer publishes its keys; this or JWKS_FILE with jwt'),
  JWKS_FILE: z.string().optional().describe('a file with the issuer’s keys'),
  JWT_ALGORITHMS: z
    .string()
    .default('RS256,ES256,EdDSA')
    .transform((list) => list.split(',').map((name) => name.trim()))
    .pipe(z.array(z.enum(asymmetric)).min(1))
    .describe('allowed algorithms, a comma between them; never a symmetric one'),
  JWT_TENANT_CLAIM: z.string().default('tenant').describe('the claim that names the tenant: its name or a dotted path'),
  JWT_SCOPE_CLAIM: z.string().default('scope').describe('the claim with the scopes: a text with spaces or a list'),
  JWT_CLOCK_TOLERANCE_SECONDS: integerVariable(0, 300).default(5).describe('seconds by which clocks may differ'),
};

type CallerVariables = z.output<z.ZodObject<typeof callerVariables>> & { STEPPE_ENV: string };

/** The rules between variables; each breach is an issue of its own, so that all are shown at once. */
export const checkCallerVariables = crossCheck<CallerVariables>((ctx) => {
  const { value } = ctx;
  const refuse = (path: string, message: string) => ctx.issues.push({ code: 'custom', path: [path], message, input: value });
  if (value.AUTH_MODE === 'bypass') {
    if (isProduction(value.STEPPE_ENV)) {
      refuse(
        'AUTH_MODE',
        `bypass is for STEPPE_ENV=development or test alone, and STEPPE_ENV is ${value.STEPPE_ENV} (unset means production)`,
      );
    }
    return;
  }
  if (!value.JWT_ISSUER) refuse('JWT_ISSUER', 'must be set with AUTH_MODE=jwt');
  if (!value.JWT_AUDIENCE) refuse('JWT_AUDIENCE', 'must be set with AUTH_MODE=jwt');
  if (!value.JWKS_URL === !value.JWKS_FILE) refuse('JWKS_URL', 'set exactly one of JWKS_URL and JWKS_FILE with AUTH_MODE=jwt');
});

/** What `createCallerVerifier` needs; local mode makes it without an environment. */
export type CallerConfig =
  | { authMode: 'bypass'; tenant: string }
  | {
      authMode: 'jwt';
      issuer: string;
      audience: string;
      keys: { url: string } | { file: string };
      algorithms: readonly string[];
      tenantClaim: string;
      scopeClaim: string;
      clockToleranceSeconds: number;
    };

/** Variables that passed `checkCallerVariables`, as a config. */
export function toCallerConfig(value: CallerVariables): CallerConfig {
  if (value.AUTH_MODE === 'bypass') return { authMode: 'bypass', tenant: value.AUTH_BYPASS_TENANT };
  return {
    authMode: 'jwt',
    issuer: value.JWT_ISSUER ?? '',
    audience: value.JWT_AUDIENCE ?? '',
    keys: value.JWKS_URL ? { url: value.JWKS_URL } : { file: value.JWKS_FILE ?? '' },
    algorithms: value.JWT_ALGORITHMS,
    tenantClaim: value.JWT_TENANT_CLAIM,
    scopeClaim: value.JWT_SCOPE_CLAIM,
    clockToleranceSeconds: value.JWT_CLOCK_TOLERANCE_SECONDS,
  };
}
