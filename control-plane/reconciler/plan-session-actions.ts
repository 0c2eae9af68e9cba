import { mintedAtMs, type SessionId, type TenantId } from '@steppe/contracts/ids';
import type { LiveEntry } from '@steppe/session-store/live-entry';
import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import { isTerminal, type TerminalRecord } from '../sessions/termination/cause.ts';
import type { Rules, SessionAction } from './actions.ts';

/**
 * All that is known of one session. The instances were listed after the row had been read as it is
 * here.
 */
export interface SessionView {
  sessionId: SessionId;
  row: LiveEntry | TerminalRecord | null;
  /** Those that name the session, and the one that its row names. */
  instances: readonly ListedInstance[];
  /** The tenants in whose live set it stands: one, or none. */
  reservedBy: readonly TenantId[];
}

/**
 * What is to be done so that row, instances and quota agree, in this order; nothing where they do,
 * or may soon do by themselves.
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
 * A row is written before anything is started or claimed for it: where there is none, there was
 * one, or there never will be.
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
  // Its create may have been counted and not have come to the row yet.
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
  // Its create gives up by itself when the limit is up, and needs a moment to roll back.
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
  // Its agent ends by itself when it expires, but never in the middle of a step.
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
