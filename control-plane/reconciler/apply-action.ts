import { findEnd } from '../provisioner/find-end.ts';
import type { SessionServices } from '../sessions/session-services.ts';
import { isTerminal, type TerminationCause } from '../sessions/termination/cause.ts';
import { recordTermination } from '../sessions/termination/record.ts';
import type { Action, Rules } from './actions.ts';
import type { MissingInstances } from './missing-instances.ts';

export type ActionServices = Pick<
  SessionServices,
  'store' | 'provisioner' | 'metrics' | 'clock'
> & {
  rules: Rules;
  missing: MissingInstances;
};
type ActionOf<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>;

/**
 * `noop`: another process did it, or wrote the row in the meantime. `deferred`: a later pass may
 * know more.
 */
export type Outcome = 'done' | 'noop' | 'deferred';

/**
 * The capacity of a live set. A live session is counted even if its tenant now has more sessions
 * than the quota allows.
 */
const largestLiveSet = 5_000;

/**
 * Applies one action that was decided on a strongly consistent read. Idempotent.
 * @throws what the store or the provisioner throws.
 */
export async function applyAction(services: ActionServices, action: Action): Promise<Outcome> {
  const { provisioner, store } = services;
  switch (action.kind) {
    case 'terminate_row':
      return terminateRow(services, action);
    case 'terminate_instance':
      await provisioner.end(action.instanceId);
      return 'done';
    case 'retire_instance':
      // A claim that comes first keeps the instance: its session runs on that version.
      return (await provisioner.retire(action.instanceId)) ? 'done' : 'noop';
    case 'release_quota':
      await store.removeLive(action.tenantId, action.sessionId);
      return 'done';
    case 'reserve_quota':
      return reserveQuota(services, action);
    case 'index_row':
      // Every write of a row puts the row into the index.
      return (await store.update(action.row, action.row.version)).outcome === 'updated'
        ? 'done'
        : 'noop';
  }
}

async function terminateRow(
  services: ActionServices,
  action: ActionOf<'terminate_row'>,
): Promise<Outcome> {
  const { sessionId, row } = action;
  const cause = await causeOf(services, action);
  if (cause === null) return 'deferred';
  return (await recordTermination(services, { sessionId, version: row.version, cause }))
    ? 'done'
    : 'noop';
}

/** Null while a control-plane that saw the end of the instance may still record its reason. */
async function causeOf(
  services: ActionServices,
  { reason, row }: ActionOf<'terminate_row'>,
): Promise<TerminationCause | null> {
  const { provisioner, rules, missing, clock } = services;
  const end =
    row.instance_id && (await findEnd(provisioner, row.instance_id, { clock, waitMs: 0 }));
  // A create that rolled back has ended its instance, even if it could not write the row.
  const isRollback = reason === 'never_ready' && end && end.reason === 'deleted';
  if (end && !isRollback) return { reason: end.reason, ...(end.detail && { detail: end.detail }) };
  if (reason === 'never_ready')
    return {
      reason: 'provisioning_timeout',
      detail: `not ready within ${rules.provisioningMs} ms`,
    };
  if (reason === 'expired') return { reason: 'expired' };
  if (row.instance_id && missing.missedForMs(row.instance_id, clock.now()) < rules.graceMs)
    return null;
  if (Date.parse(row.expires_at) <= clock.now()) return { reason: 'expired' };
  return { reason: 'crashed', detail: 'its instance is gone; how it exited is unknown' };
}

async function reserveQuota(
  { store }: ActionServices,
  { sessionId, tenantId }: ActionOf<'reserve_quota'>,
): Promise<Outcome> {
  const wasIn = (await store.listLive(tenantId)).includes(sessionId);
  // The write is needed even if the set already contains the session: the index may lack a set that
  // an older version of this program wrote last, and any write adds it.
  const added = await store.addLive(tenantId, sessionId, largestLiveSet);
  // If the session ended after it was read and before it was added, its end removed nothing from
  // the set.
  const row = await store.get(sessionId, { consistent: true });
  if (row !== null && !isTerminal(row)) return added === 'added' && !wasIn ? 'done' : 'noop';
  await store.removeLive(tenantId, sessionId);
  return 'noop';
}
