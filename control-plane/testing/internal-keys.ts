import {
  createInternalTokenSigner,
  type InternalTokenSigner,
} from '@steppe/service-kit/auth/internal-token/signer';
import { systemClock } from '@steppe/service-kit/process/clock';
import type { PublicKeys } from '../provisioner/local-process/publish-keys.ts';

export interface TestKeys {
  signer: InternalTokenSigner;
  publicKeys: PublicKeys;
}

/** New keys for both planes. */
export async function makeInternalKeys(): Promise<TestKeys> {
  const [control, data] = await Promise.all([makeKey('control'), makeKey('data')]);
  return {
    signer: createInternalTokenSigner('control-plane', control, systemClock),
    publicKeys: {
      'control-plane': { keys: [control.publicJwk] },
      'data-plane': { keys: [data.publicJwk] },
    },
  };
}

async function makeKey(kid: string) {
  const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new Error('Ed25519 makes pairs');
  const { kty, crv, x } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  return { kid, privateKey: pair.privateKey, publicJwk: { kty, crv, x, kid, use: 'sig' } };
}
