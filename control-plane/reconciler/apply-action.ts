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
 * `noop`: somebody else did it, or wrote the row meanwhile. `deferred`: a later pass may know more.
 */
export type Outcome = 'done' | 'noop' | 'deferred';

/**
 * What a live set can hold: a session that lives is counted even where the quota has become smaller
 * than its tenant's sessions.
 */
const largestLiveSet = 5_000;

/**
 * Does one action, decided on a strongly consistent read. Idempotent.
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
      // A claim that comes first keeps it: its session runs on what the instance was made of.
      return (await provisioner.retire(action.instanceId)) ? 'done' : 'noop';
    case 'release_quota':
      await store.removeLive(action.tenantId, action.sessionId);
      return 'done';
    case 'reserve_quota':
      return reserveQuota(services, action);
    case 'index_row':
      // Every write of a row puts it into the index.
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

/** Null while whoever saw the instance's end may still be about to say what it was. */
async function causeOf(
  services: ActionServices,
  { reason, row }: ActionOf<'terminate_row'>,
): Promise<TerminationCause | null> {
  const { provisioner, rules, missing, clock } = services;
  const end =
    row.instance_id && (await findEnd(provisioner, row.instance_id, { clock, waitMs: 0 }));
  if (end) return { reason: end.reason, ...(end.detail && { detail: end.detail }) };
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
  // Also where it was in: the index may lack a set that an older version wrote last, and has it
  // from now on.
  const added = await store.addLive(tenantId, sessionId, largestLiveSet);
  // Where it ended between the look and the count, its end took nothing out.
  const row = await store.get(sessionId, { consistent: true });
  if (row !== null && !isTerminal(row)) return added === 'added' && !wasIn ? 'done' : 'noop';
  await store.removeLive(tenantId, sessionId);
  return 'noop';
}
