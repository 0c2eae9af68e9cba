import { setTimeout as delay } from 'node:timers/promises';
import type { TenantId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { findSession } from './find-session.ts';
import { retry } from './retry.ts';
import type { SessionServices } from './session-services.ts';
import { writeTermination } from './termination/record.ts';

const agentNoticeMs = 1_000;
const quotaDelaysMs = [50, 200];

/**
 * Ends a session, what runs in it included, and resolves when its instance is gone or the limit for
 * that has passed. Idempotent: an end that an earlier call could not finish is finished. Once the
 * end is recorded, what cannot be removed is logged and left to the reconciler.
 * @throws AppError `session_not_found`
 */
export async function endSession(
  services: SessionServices,
  tenantId: TenantId,
  id: string,
): Promise<void> {
  const { store, pending, metrics, now, limits, logger } = services;
  const found = await findSession(services, tenantId, id);
  const { session_id: sessionId } = found;
  // The row comes first: a create that still runs, here or elsewhere, loses its next write and
  // rolls itself back.
  const { terminal } = await writeTermination({
    store,
    metrics,
    now,
    sessionId,
    found,
    cause: { reason: 'deleted' },
  });
  const fields = { session_id: sessionId, instance_id: terminal?.instance_id };
  const remove = (what: 'quota' | 'instance', action: () => Promise<void>) =>
    action().catch((err) =>
      logger.error({ ...fields, err, what }, 'remains of an ended session not removed'),
    );
  const removed = Promise.all([
    pending.cancel(sessionId),
    remove('quota', () => retry(() => store.removeLive(found.tenant_id, sessionId), quotaDelaysMs)),
    remove('instance', () => endInstance(services, found, terminal?.instance_id)),
  ]);
  const waited = new AbortController();
  try {
    const late = delay(limits.endMs, 'late', { signal: waited.signal });
    if ((await Promise.race([removed, late])) === 'late')
      logger.warn(fields, 'instance did not terminate in time');
  } finally {
    waited.abort();
  }
}

async function endInstance(
  { agents, provisioner }: SessionServices,
  found: SessionRecord,
  instanceId: SessionRecord['instance_id'],
): Promise<void> {
  if (!instanceId) return;
  if (found.state === 'ready') {
    // An agent that knows the reason can tell it to those who wait for its steps. It may as well be
    // gone.
    const agent = { instanceId, address: found.address };
    await agents.end(agent, 'deleted', AbortSignal.timeout(agentNoticeMs)).catch(() => undefined);
  }
  await provisioner.end(instanceId);
}
