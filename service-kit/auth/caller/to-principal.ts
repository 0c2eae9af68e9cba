import { tenantIdSchema } from '@steppe/contracts/ids';
import type { JWTPayload } from 'jose';
import { type Principal, unauthenticated } from './principal.ts';

/** The claims that identify the caller; names are resolved by `readClaim`. */
export interface ClaimNames {
  tenantClaim: string;
  /** The first claim that the token contains is used: a text with spaces or a list. */
  scopeClaims: readonly string[];
  /** The issuer's names for scopes; if set, names that it does not contain grant nothing. */
  scopeMap: ReadonlyMap<string, readonly string[]> | undefined;
  /** The scopes of a token that has none of `scopeClaims`. */
  defaultScopes: readonly string[];
  /** Claims with whole numbers that replace the configured limits. */
  quotaClaim: string | undefined;
  rateClaim: string | undefined;
}

/** @throws AppError `unauthenticated` if the claims contain no tenant, or an invalid limit. */
export function toPrincipal(payload: JWTPayload, names: ClaimNames): Principal {
  const tenant = tenantIdSchema.safeParse(readClaim(payload, names.tenantClaim));
  if (!tenant.success)
    throw unauthenticated(`the token has no tenant: the claim ${names.tenantClaim} must be a text`);
  return {
    tenantId: tenant.data,
    scopes: new Set(scopesOf(payload, names)),
    sessionQuota: wholeNumber(payload, names.quotaClaim, 0),
    requestsPerSecond: wholeNumber(payload, names.rateClaim, 1),
  };
}

function scopesOf(
  payload: JWTPayload,
  { scopeClaims, scopeMap, defaultScopes }: ClaimNames,
): readonly string[] {
  const claim = scopeClaims
    .map((name) => readClaim(payload, name))
    .find((value) => value !== undefined);
  if (claim === undefined) return defaultScopes;
  const listed =
    typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim.filter(isText) : [];
  return scopeMap ? listed.flatMap((name) => scopeMap.get(name) ?? []) : listed;
}

function wholeNumber(
  payload: JWTPayload,
  name: string | undefined,
  least: number,
): number | undefined {
  const value = name === undefined ? undefined : readClaim(payload, name);
  if (value === undefined) return undefined;
  // Some providers can put only texts into custom claims.
  const number = isText(value) && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least) return number;
  throw unauthenticated(`the claim ${name} must be a whole number from ${least} on`);
}

const isText = (value: unknown): value is string => typeof value === 'string';

/**
 * Finds a claim by its exact name (`https://example.com/tenant`) or by a dotted path
 * (`realm_access.roles`). The names on the path may themselves contain dots
 * (`kubernetes.io.namespace`): if several ways lead to a value, the one with the longest first name
 * wins.
 */
export function readClaim(claims: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    const below = Object.hasOwn(claims, name) ? claims[name] : undefined;
    const value = isRecord(below) ? readClaim(below, path.slice(dot + 1)) : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
