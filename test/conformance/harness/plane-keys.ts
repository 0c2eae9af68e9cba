import type { Plane } from '@steppe/contracts/internal';
import { systemClock } from '@steppe/service-kit/process/clock';
import { exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
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
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return {
    publicSet: { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig' }] },
    privateJwk: { ...(await exportJWK(privateKey)), kid },
    signer: createInternalTokenSigner(plane, { kid, privateKey }, systemClock),
  };
}

export async function planeSigner(plane: Plane, jwk: JWK): Promise<InternalTokenSigner> {
  const privateKey = await importJWK(jwk, 'EdDSA');
  if (privateKey instanceof Uint8Array) throw new Error(`the key of the ${plane} is symmetric`);
  return createInternalTokenSigner(plane, { kid: jwk.kid ?? plane, privateKey }, systemClock);
}
