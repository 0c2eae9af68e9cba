import type { InstanceId } from '@steppe/contracts/ids';
import { internalClaimsSchema, type Plane } from '@steppe/contracts/internal';
import type { InternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { InternalTokenVerifier } from '../../../session-agent/http/internal-token/verifier.ts';

// The claims of internal tokens without their signatures, which are made in threads of the machine.

export const createSimulatedSigner = (plane: Plane): InternalTokenSigner => ({
  sign: async (instanceId, sessionId) =>
    encodeURIComponent(JSON.stringify({ iss: plane, aud: instanceId, session_id: sessionId })),
});

export const createSimulatedVerifier = (instanceId: InstanceId): InternalTokenVerifier => ({
  async verify(authorization) {
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    if (!token) throw new AppError('unauthenticated', 'there is no internal token');
    const { iss, aud, session_id } = internalClaimsSchema.parse(
      JSON.parse(decodeURIComponent(token)),
    );
    if (aud !== instanceId) throw new AppError('misdirected', 'the token is for another instance');
    return { plane: iss, sessionId: session_id };
  },
});
