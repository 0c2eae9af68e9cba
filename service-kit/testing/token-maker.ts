import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A key of an issuer that a test plays. */
export interface TokenMaker {
  publicJwk: JWK;
  privateJwk: JWK;
  /** Signs a token with exactly these claims. */
  sign(claims: Record<string, unknown>): Promise<string>;
}

export async function makeTokenMaker(kid: string, alg = 'ES256'): Promise<TokenMaker> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    privateJwk: { ...(await exportJWK(privateKey)), kid, alg },
    sign: (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(privateKey),
  };
}

/** Seconds of Unix time. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000);
