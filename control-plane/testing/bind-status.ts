import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { InternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';

/** Binds the instance as the control-plane does, and returns the status of the response. */
export async function bindStatus(
  signer: InternalTokenSigner,
  instanceId: InstanceId,
  address: string,
  sessionId: SessionId,
) {
  const response = await fetch(`${address}/internal/bind`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await signer.sign(instanceId)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      session_id: sessionId,
      tenant_id: 'tenant',
      env: {},
      resources: { cpu: '1', memory: '512Mi', ephemeral_storage: '1Gi' },
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      idle_timeout_seconds: 900,
    }),
    signal: AbortSignal.timeout(10_000),
  });
  await response.body?.cancel();
  return response.status;
}
