import { scopes } from '@steppe/contracts/scopes';
import type { Clock } from '@steppe/service-kit/process/clock';
import { importJWK, type JWK, SignJWT } from 'jose';
import { makeKeyPair, privateEntry } from './key-pairs.ts';
import type { NamedObjects } from './named-objects.ts';

interface DevIssuer {
  namespace: string;
  /** Of the Secret and the ConfigMap; the `iss` of the token too. */
  name: string;
  tenant: string;
  tokenTtlSeconds: number;
}

/** The entry of the Secret with a token to call the API with. */
const tokenEntry = 'token';

/**
 * An issuer for development: its JWKS in a ConfigMap for the planes, its key and a new token in a
 * Secret. Whoever reads the Secret is any tenant.
 */
export async function ensureDevIssuer(
  objects: NamedObjects,
  { namespace, name, tenant, tokenTtlSeconds }: DevIssuer,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const secret = { kind: 'Secret', namespace, name } as const;
  const configMap = { kind: 'ConfigMap', namespace, name } as const;
  const jwk = await readOrMakeKey(objects, secret);
  const { d: _, ...publicJwk } = jwk;
  await objects.apply(configMap, { 'jwks.json': JSON.stringify({ keys: [publicJwk] }) });
  const now = Math.floor(clock.now() / 1000);
  const token = await new SignJWT({ tenant, scope: scopes.join(' ') })
    .setProtectedHeader({ alg: 'EdDSA', ...(jwk.kid && { kid: jwk.kid }) })
    .setIssuer(name)
    .setAudience('steppe')
    .setIssuedAt(now)
    .setExpirationTime(now + tokenTtlSeconds)
    .sign(await importJWK(jwk, 'EdDSA'));
  await objects.apply(secret, { [privateEntry]: JSON.stringify(jwk), [tokenEntry]: token });
}

async function readOrMakeKey(
  objects: NamedObjects,
  secret: { kind: 'Secret'; namespace: string; name: string },
): Promise<JWK> {
  const found = (await objects.read(secret))?.[privateEntry];
  return found === undefined ? (await makeKeyPair()).privateJwk : JSON.parse(found);
}
