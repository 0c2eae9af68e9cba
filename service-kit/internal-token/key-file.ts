import { readFile } from 'node:fs/promises';
import { type CryptoKey, importJWK } from 'jose';
import { z } from 'zod';
import type { InternalKey } from './signer.ts';

const privateJwkSchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string(),
});

/** A plane's private key from a file: an Ed25519 JSON Web Key with a `kid`. @throws Error that names the file. */
export async function readInternalKey(file: string): Promise<InternalKey> {
  try {
    const jwk = privateJwkSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return { kid: jwk.kid, privateKey: (await importJWK(jwk, 'EdDSA')) as CryptoKey };
  } catch (cause) {
    throw new Error(`${file} holds no Ed25519 private JSON Web Key with a kid`, { cause });
  }
}
