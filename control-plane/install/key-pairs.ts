import { type Plane, planeSchema } from '@steppe/contracts/internal';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import * as z from 'zod';
import type { NamedObjects, ObjectName } from './named-objects.ts';

/** The entry of a Secret that holds a private key. */
export const privateEntry = 'private.json';

export interface KeyPair {
  privateJwk: JWK;
  publicJwk: JWK;
}

/** An Ed25519 key pair, whose `kid` follows from the key. */
export async function makeKeyPair(): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const naming = { kid: await calculateJwkThumbprint(jwk), alg: 'EdDSA', use: 'sig' };
  return {
    privateJwk: { ...(await exportJWK(privateKey)), ...naming },
    publicJwk: { ...jwk, ...naming },
  };
}

/**
 * Makes the plane's key pair unless the Secret exists. A key that exists is never replaced, not even
 * one that cannot be read: agents may trust it.
 */
export async function ensureKeyPair(
  objects: NamedObjects,
  secret: ObjectName,
): Promise<'made' | 'kept'> {
  if ((await objects.read(secret)) !== null) return 'kept';
  const { privateJwk } = await makeKeyPair();
  await objects.apply(secret, { [privateEntry]: JSON.stringify(privateJwk) });
  return 'made';
}

const publicMembers = { kty: z.string(), crv: z.string(), x: z.string(), kid: z.string() };
/** zod drops the private member. */
const publicJwkSchema = z.object({
  ...publicMembers,
  alg: z.string().optional(),
  use: z.string().optional(),
});
const fileSchema = z.union([
  z.object({ keys: z.array(publicJwkSchema).min(1) }),
  publicJwkSchema.transform((jwk) => ({ keys: [jwk] })),
]);

/**
 * Writes the public keys of both planes where agents read them.
 * @throws Error if a Secret does not exist or holds no key.
 */
export async function publishKeys(
  objects: NamedObjects,
  secrets: Readonly<Record<Plane, ObjectName>>,
  configMap: ObjectName,
): Promise<void> {
  const entries = await Promise.all(
    planeSchema.options.map(async (plane) => {
      const keys = await readPublicKeys(objects, secrets[plane]);
      return [`${plane}.json`, JSON.stringify(keys)] as const;
    }),
  );
  await objects.apply(configMap, Object.fromEntries(entries));
}

async function readPublicKeys(objects: NamedObjects, secret: ObjectName) {
  const text = (await objects.read(secret))?.[privateEntry];
  if (text === undefined)
    throw new Error(`the Secret ${secret.name} does not exist or has no ${privateEntry}`);
  return publicKeysOf(text, `${privateEntry} of the Secret ${secret.name}`);
}

/**
 * The public keys of a private key or of a set.
 * @throws Error that calls the text by its name, and never quotes it.
 */
export function publicKeysOf(text: string, name: string): z.output<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    // The messages of zod and JSON.parse may quote the key.
    throw new Error(`${name} holds no JSON Web Key with a kid`);
  }
}
