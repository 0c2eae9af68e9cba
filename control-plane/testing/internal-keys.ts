import {
  createInternalTokenSigner,
  type InternalTokenSigner,
} from '@steppe/service-kit/auth/internal-token/signer';
import { systemClock } from '@steppe/service-kit/process/clock';
import { makeInternalKeyPair } from '@steppe/service-kit/testing/internal-key-pair';
import type { PublicKeys } from '../provisioner/local-process/publish-keys.ts';

export interface TestKeys {
  signer: InternalTokenSigner;
  publicKeys: PublicKeys;
}

/** New keys for both planes. */
export async function makeInternalKeys(): Promise<TestKeys> {
  const [control, data] = await Promise.all([
    makeInternalKeyPair('control'),
    makeInternalKeyPair('data'),
  ]);
  return {
    signer: createInternalTokenSigner('control-plane', control, systemClock),
    publicKeys: {
      'control-plane': { keys: [control.publicJwk] },
      'data-plane': { keys: [data.publicJwk] },
    },
  };
}
