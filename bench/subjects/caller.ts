import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** A caller as most identity providers make them: with an RS256 token. */
export interface Caller {
  tenant: string;
  /** Sent with every request. */
  authorization: string;
  /** The variables of a service that accepts its token. */
  env: Record<string, string>;
}

const issuer = 'https://issuer.bench';
const tenant = 'bench';

/** @param directory receives the issuer's public key. */
export async function createCaller(directory: string): Promise<Caller> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const keyFile = join(directory, 'caller-keys.json');
  const key = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' };
  writeFileSync(keyFile, JSON.stringify({ keys: [key] }));
  const token = await new SignJWT({
    tenant,
    scope: 'sessions:read sessions:write steps:run',
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
    .setIssuer(issuer)
    .setAudience('steppe')
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(privateKey);
  const env = {
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: 'steppe',
    JWKS_FILE: keyFile,
  };
  return { tenant, authorization: `Bearer ${token}`, env };
}
