import type { Plane } from '@steppe/contracts/internal';
import { systemClock } from '@steppe/service-kit/process/clock';
import { makeInternalKeyPair } from '@steppe/service-kit/testing/internal-key-pair';
import { importJWK, type JWK } from 'jose';
import {
  createInternalTokenSigner,
  type InternalTokenSigner,
} from '../../../service-kit/auth/internal-token/signer.ts';

export interface PlaneKey {
  publicSet: { keys: JWK[] };
  privateJwk: JWK;
  signer: InternalTokenSigner;
}

export async function makePlaneKey(plane: Plane, kid: string = plane): Promise<PlaneKey> {
  const pair = await makeInternalKeyPair(kid);
  return {
    publicSet: { keys: [pair.publicJwk] },
    privateJwk: pair.privateJwk,
    signer: createInternalTokenSigner(plane, pair, systemClock),
  };
}

export async function planeSigner(plane: Plane, jwk: JWK): Promise<InternalTokenSigner> {
  const privateKey = await importJWK(jwk, 'EdDSA');
  if (privateKey instanceof Uint8Array) throw new Error(`the key of the ${plane} is symmetric`);
  return createInternalTokenSigner(plane, { kid: jwk.kid ?? plane, privateKey }, systemClock);
}
