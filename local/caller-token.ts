import { type CryptoKey, SignJWT } from 'jose';

export const issuer = 'steppe-local';
export const audience = 'steppe';

interface CallerTokenOptions {
  key: CryptoKey;
  kid: string;
  tenant: string;
  scopes: string;
  ttlSeconds: number;
}

/** Signs a token like an identity provider. */
export const signCallerToken = ({
  key,
  kid,
  tenant,
  scopes,
  ttlSeconds,
}: CallerTokenOptions): Promise<string> =>
  new SignJWT({ tenant, scope: scopes })
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(`${ttlSeconds}s`)
    .sign(key);
