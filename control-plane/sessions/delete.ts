import type { TenantId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { respond } from '@steppe/service-kit/http/call';
import { refuseQuery } from '@steppe/service-kit/http/parse-input';
import { authorised, readSessionId } from '../authorised.ts';
import { findSession } from './find-session.ts';
import { retry } from './retry.ts';
import type { SessionServices } from './session-services.ts';
import { writeTermination } from './termination/record.ts';

type DeleteServices = Pick<
  SessionServices,
  'store' | 'agents' | 'provisioner' | 'pending' | 'metrics' | 'limits' | 'logger' | 'clock'
>;

export const deleteSessionOperation = (services: DeleteServices) =>
  authorised('delete_session', async ({ call, principal }) => {
    refuseQuery(call.search);
    await deleteSession(services, principal.tenantId, readSessionId(call));
    return respond(call, 204);
  });

/** How long a delete waits for the agent to accept the reason before it ends the instance. */
export const agentNoticeMs = 1_000;
const quotaDelaysMs = [50, 200];

/**
 * Terminates a session and everything that runs in it. Resolves when its instance no longer exists
 * or the limit for that has passed. Idempotent: a later call finishes what an earlier one could
 * not. After the termination is recorded, a failure to remove the remains is logged and left to the
 * reconciler.
 * @throws AppError `session_not_found`
 */
export async function deleteSession(
  services: DeleteServices,
  tenantId: TenantId,
  id: string,
): Promise<void> {
  const { store, pending, limits, logger, clock } = services;
  const found = await findSession(services, tenantId, id);
  const { session_id: sessionId } = found;
  // The row is written first: a create that still runs, here or in another replica, loses its next
  // write and rolls itself back.
  const { terminal } = await writeTermination(services, {
    sessionId,
    found,
    cause: { reason: 'deleted' },
  });
  const fields = { session_id: sessionId, instance_id: terminal?.instance_id };
  const remove = (what: 'quota' | 'instance', action: () => Promise<void>) =>
    action().catch((err) =>
      logger.error({ ...fields, err, what }, 'leftovers of a terminated session not removed'),
    );
  const releaseQuota = () => store.removeLive(found.tenant_id, sessionId);
  const removed = Promise.all([
    pending.cancel(sessionId),
    remove('quota', () => retry(releaseQuota, { clock, delaysMs: quotaDelaysMs })),
    remove('instance', () => endInstance(services, found, terminal?.instance_id)),
  ]);
  const waited = new AbortController();
  try {
    const late = clock.sleep(limits.endMs, waited.signal).then(
      () => 'late' as const,
      () => 'stopped' as const,
    );
    if ((await Promise.race([removed, late])) === 'late')
      logger.warn(fields, 'instance did not terminate in time');
  } finally {
    waited.abort();
  }
}

async function endInstance(
  { agents, provisioner, clock }: Pick<DeleteServices, 'agents' | 'provisioner' | 'clock'>,
  found: SessionRecord,
  instanceId: SessionRecord['instance_id'],
): Promise<void> {
  if (!instanceId) return;
  if (found.state === 'ready') {
    // An agent that knows the reason passes it to the clients that wait for its steps. The agent
    // may have exited already.
    const agent = { instanceId, address: found.address };
    await agents.end(agent, 'deleted', clock.limit(agentNoticeMs)).catch(() => undefined);
  }
  await provisioner.end(instanceId);
}
