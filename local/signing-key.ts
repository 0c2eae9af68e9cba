import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';

/** A generated Ed25519 key; it lives as long as the local mode that made it. */
export interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  /** The set that verifiers read: the public half alone. */
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
