import { exportJWK, generateKeyPair, type JWK } from 'jose';

/** A plane's key pair, in the form of the operator's files. */
export interface InternalKeyPair {
  privateJwk: JWK;
  publicJwk: JWK;
}

export async function makeInternalKeyPair(kid: string): Promise<InternalKeyPair> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return {
    privateJwk: { ...(await exportJWK(privateKey)), kid },
    publicJwk: { ...(await exportJWK(publicKey)), kid },
  };
}

/** The text of a key set. */
export const keySetOf = (...keys: JWK[]): string => JSON.stringify({ keys });
