import { makeInternalKeyPair } from '@steppe/service-kit/testing/internal-key-pair';
import { type CryptoKey, importJWK, type JWK, SignJWT } from 'jose';
import { type Client, type ConnectOptions, connect } from './client.ts';

/** The private key of an issuer that the services trust, as a JWK with a `kid`. */
export type IssuerKey = JWK;

export const issuerName = 'steppe-local';
export const issuerAudience = 'steppe';
const allScopes = 'sessions:read sessions:write steps:run';
let tenants = 0;

export function newTenant(): string {
  tenants += 1;
  return `tenant-${process.pid}-${tenants}`;
}

export interface SignOptions {
  claims?: Record<string, unknown>;
  issuer?: string;
  audience?: string;
  expires?: string | number;
  notBefore?: string;
  key?: CryptoKey;
}

/** Signs any claims with that key. */
export async function signToken(
  issuerKey: IssuerKey,
  {
    claims = {},
    issuer = issuerName,
    audience = issuerAudience,
    expires = '10m',
    notBefore,
    key,
  }: SignOptions,
): Promise<string> {
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', ...(issuerKey.kid && { kid: issuerKey.kid }) })
    .setIssuer(issuer)
    .setAudience(audience);
  jwt.setIssuedAt().setExpirationTime(expires);
  if (notBefore) jwt.setNotBefore(notBefore);
  return jwt.sign(key ?? (await importJWK(issuerKey, 'EdDSA')));
}

interface TenantOptions extends ConnectOptions {
  /** Life of the token. */
  expires?: string;
}

/** A client of a tenant, with all scopes. */
export async function connectTenant(
  url: string,
  issuerKey: IssuerKey,
  tenant: string,
  { expires = '10m', ...options }: TenantOptions = {},
): Promise<Client> {
  const claims = { tenant, scope: allScopes };
  return connect(url, await signToken(issuerKey, { claims, expires }), options);
}

export async function newIssuerKey(): Promise<{ issuerKey: IssuerKey; jwks: { keys: JWK[] } }> {
  const { privateJwk, publicJwk } = await makeInternalKeyPair('test');
  return { issuerKey: privateJwk, jwks: { keys: [{ ...publicJwk, alg: 'EdDSA' }] } };
}
