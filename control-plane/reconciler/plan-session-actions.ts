import { mintedAtMs, type SessionId, type TenantId } from '@steppe/contracts/ids';
import type { LiveEntry } from '@steppe/session-store/live-entry';
import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import { isTerminal, type TerminalRecord } from '../sessions/termination/cause.ts';
import type { Rules, SessionAction } from './actions.ts';

/**
 * All that is known of one session. The instances were listed after this version of the row was
 * read.
 */
export interface SessionView {
  sessionId: SessionId;
  row: LiveEntry | TerminalRecord | null;
  /** The instances that name the session, and the one that its row names. */
  instances: readonly ListedInstance[];
  /** The tenants whose live set contains the session: one or none. */
  reservedBy: readonly TenantId[];
}

/**
 * Plans the actions, in this order, after which row, instances and quota agree. Plans nothing if
 * they agree already, or may soon do so without the reconciler.
 */
export function planSessionActions(
  view: SessionView,
  nowMs: number,
  rules: Rules,
): SessionAction[] {
  const { row } = view;
  if (row === null || isTerminal(row)) return planTerminalActions(view, row, nowMs, rules);
  const actions =
    row.state === 'provisioning'
      ? planProvisioningActions(view, row, nowMs, rules)
      : planReadyActions(view, row, nowMs, rules);
  const ends = actions.some(({ kind }) => kind === 'terminate_row');
  const isReserved =
    view.reservedBy.includes(row.tenant_id) ||
    isYoung(Date.parse(row.created_at), nowMs, rules.graceMs);
  return ends || isReserved
    ? actions
    : [
        ...actions,
        { kind: 'reserve_quota', reason: 'quota_not_reserved', tenantId: row.tenant_id },
      ];
}

/**
 * A row is written before anything is started or claimed for it. A session without a row therefore
 * either had one before or never gets one.
 */
function planTerminalActions(
  view: SessionView,
  row: TerminalRecord | null,
  nowMs: number,
  rules: Rules,
): SessionAction[] {
  const reason = row === null ? 'no_row' : 'row_terminal';
  const minted = mintedAtMs(view.sessionId);
  const terminalSince = row === null ? minted : Date.parse(row.ended_at);
  const strays = isYoung(terminalSince, nowMs, rules.graceMs) ? [] : view.instances;
  // A create reserves its quota before it writes its row, so a young session may still get its row.
  const leaked = isYoung(minted, nowMs, rules.provisioningMs + rules.graceMs)
    ? []
    : view.reservedBy;
  return [
    ...strays.map(
      ({ instanceId }): SessionAction => ({ kind: 'terminate_instance', reason, instanceId }),
    ),
    ...leaked.map((tenantId): SessionAction => ({ kind: 'release_quota', reason, tenantId })),
  ];
}

function planProvisioningActions(
  { instances }: SessionView,
  row: LiveEntry,
  nowMs: number,
  rules: Rules,
): SessionAction[] {
  // The create aborts by itself at its time limit, and then needs a moment for its rollback.
  if (isYoung(Date.parse(row.created_at), nowMs, rules.provisioningMs + rules.graceMs)) return [];
  const reason = 'never_ready';
  return [
    { kind: 'terminate_row', reason, row },
    ...instances.map(
      ({ instanceId }): SessionAction => ({ kind: 'terminate_instance', reason, instanceId }),
    ),
  ];
}

function planReadyActions(
  { instances }: SessionView,
  row: Extract<LiveEntry, { state: 'ready' }>,
  nowMs: number,
  rules: Rules,
): SessionAction[] {
  const own = instances.find(({ instanceId }) => instanceId === row.instance_id);
  const others = isYoung(Date.parse(row.ready_at), nowMs, rules.graceMs)
    ? []
    : instances.filter((other) => other !== own);
  const strays = others.map(
    ({ instanceId }): SessionAction => ({
      kind: 'terminate_instance',
      reason: 'row_names_another',
      instanceId,
    }),
  );
  if (!own) return [{ kind: 'terminate_row', reason: 'instance_gone', row }, ...strays];
  // The agent ends by itself at the expiry, but never in the middle of a step.
  if (isYoung(Date.parse(row.expires_at), nowMs, rules.longestStepMs + rules.graceMs))
    return strays;
  const { instanceId } = own;
  return [
    { kind: 'terminate_row', reason: 'expired', row },
    { kind: 'terminate_instance', reason: 'expired', instanceId },
    ...strays,
  ];
}

const isYoung = (sinceMs: number, nowMs: number, ageMs: number): boolean =>
  nowMs - sinceMs <= ageMs;
