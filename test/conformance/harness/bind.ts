import { bindResponseSchema } from '@steppe/contracts/internal';

/** Binds the agent to a session, as a control-plane does. */
export async function bind(url: string, authorization: string, session: object): Promise<void> {
  const response = await fetch(`${url}/internal/bind`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      ...session,
      tenant_id: 'conformance',
      resources: { cpu: '1', memory: '1Gi', ephemeral_storage: '1Gi' },
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      idle_timeout_seconds: 3_600,
    }),
  });
  if (!response.ok) throw new Error(`bind: ${response.status} ${await response.text()}`);
  bindResponseSchema.parse(await response.json());
}
