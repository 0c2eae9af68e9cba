import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';

/** A generated Ed25519 key, valid while the local mode that generated it runs. */
export interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  /** The key set for verifiers; contains only the public key. */
  publicSet: { keys: JWK[] };
}

export async function generateSigningKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return {
    kid,
    privateKey,
    publicSet: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' }] },
  };
}
