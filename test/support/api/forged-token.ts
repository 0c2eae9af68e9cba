import { createHmac, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CryptoKey, importJWK, SignJWT } from 'jose';
import * as z from 'zod';
import type { Local } from '../processes/local.ts';

const runFileSchema = z.object({
  key: z.object({
    kid: z.string(),
    private_jwk: z.object({ kty: z.string(), crv: z.string(), x: z.string(), d: z.string() }),
  }),
});

function readCallerKey({ port }: Local) {
  const file = fileURLToPath(new URL(`../../../.steppe/${port}.json`, import.meta.url));
  return runFileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).key;
}

/** The public half of the key that signs callers' tokens, which anyone may have. */
export function publicKeyOf(local: Local) {
  const { kid, private_jwk } = readCallerKey(local);
  const { d: _, ...jwk } = private_jwk;
  return {
    kid,
    jwk,
    pem: createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
  };
}

/** Signs exactly these claims with the trusted key. */
export async function signClaims(local: Local, claims: Record<string, unknown>): Promise<string> {
  const { kid, private_jwk } = readCallerKey(local);
  const key = (await importJWK(private_jwk, 'EdDSA')) as CryptoKey;
  return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid }).sign(key);
}

/** A token assembled by hand, with a signature that no library would create. */
export function forge(header: object, claims: object, sign: (text: string) => string): string {
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign(text)}`;
}

export const hs256 =
  (secret: string | Buffer) =>
  (text: string): string =>
    createHmac('sha256', secret).update(text).digest('base64url');
