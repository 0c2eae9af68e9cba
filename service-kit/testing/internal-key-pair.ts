import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';

/** A new key pair, such as those of the planes. */
export interface InternalKeyPair {
  kid: string;
  /** Signs in this process. */
  privateKey: CryptoKey;
  /** Both in the form of the operator's files. */
  privateJwk: JWK;
  publicJwk: JWK;
}

export async function makeInternalKeyPair(kid: string): Promise<InternalKeyPair> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return {
    kid,
    privateKey,
    privateJwk: { ...(await exportJWK(privateKey)), kid },
    publicJwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' },
  };
}

/** The text of a key set. */
export const keySetOf = (...keys: JWK[]): string => JSON.stringify({ keys });
