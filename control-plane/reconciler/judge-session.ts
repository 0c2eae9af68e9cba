import { mintedAtMs, type SessionId, type TenantId } from '@steppe/contracts/ids';
import type { LiveEntry } from '@steppe/route-store/live-entry';
import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import { isOver, type OverRecord } from '../sessions/end-cause.ts';
import type { Rules, SessionAct } from './acts.ts';

/** All that is known of one session. The instances were listed after the row had been read as it is here. */
export interface SessionView {
  sessionId: SessionId;
  row: LiveEntry | OverRecord | null;
  /** Those that name the session, and the one that its row names. */
  instances: readonly ListedInstance[];
  /** The tenants in whose live set it stands: one, or none. */
  countedBy: readonly TenantId[];
}

/** What is to be done so that row, instances and quota agree, in this order; nothing where they do, or may soon do by themselves. */
export function judgeSession(view: SessionView, nowMs: number, rules: Rules): SessionAct[] {
  const { row } = view;
  if (row === null || isOver(row)) return judgeOver(view, row, nowMs, rules);
  const acts = row.state === 'provisioning' ? judgeProvisioning(view, row, nowMs, rules) : judgeReady(view, row, nowMs, rules);
  const ends = acts.some(({ kind }) => kind === 'end_row');
  const counted = view.countedBy.includes(row.tenant_id) || isYoung(Date.parse(row.created_at), nowMs, rules.graceMs);
  return ends || counted ? acts : [...acts, { kind: 'count', because: 'not_counted', tenantId: row.tenant_id }];
}

/** A row is written before anything is started or claimed for it: where there is none, there was one, or there never will be. */
function judgeOver(view: SessionView, row: OverRecord | null, nowMs: number, rules: Rules): SessionAct[] {
  const because = row === null ? 'no_row' : 'row_over';
  const minted = mintedAtMs(view.sessionId);
  const overSince = row === null ? minted : Date.parse(row.ended_at);
  const strays = isYoung(overSince, nowMs, rules.graceMs) ? [] : view.instances;
  // Its create may have been counted and not have come to the row yet.
  const miscounted = isYoung(minted, nowMs, rules.provisioningMs + rules.graceMs) ? [] : view.countedBy;
  return [
    ...strays.map(({ instanceId }): SessionAct => ({ kind: 'end_instance', because, instanceId })),
    ...miscounted.map((tenantId): SessionAct => ({ kind: 'uncount', because, tenantId })),
  ];
}

function judgeProvisioning({ instances }: SessionView, row: LiveEntry, nowMs: number, rules: Rules): SessionAct[] {
  // Its create gives up by itself when the limit is over, and needs a moment to undo what it did.
  if (isYoung(Date.parse(row.created_at), nowMs, rules.provisioningMs + rules.graceMs)) return [];
  const because = 'never_ready';
  return [
    { kind: 'end_row', because, row },
    ...instances.map(({ instanceId }): SessionAct => ({ kind: 'end_instance', because, instanceId })),
  ];
}

function judgeReady(
  { instances }: SessionView,
  row: Extract<LiveEntry, { state: 'ready' }>,
  nowMs: number,
  rules: Rules,
): SessionAct[] {
  const own = instances.find(({ instanceId }) => instanceId === row.instance_id);
  const others = isYoung(Date.parse(row.ready_at), nowMs, rules.graceMs) ? [] : instances.filter((other) => other !== own);
  const strays = others.map(({ instanceId }): SessionAct => ({ kind: 'end_instance', because: 'row_names_another', instanceId }));
  if (!own) return [{ kind: 'end_row', because: 'instance_gone', row }, ...strays];
  // Its agent ends by itself when it expires, but never in the middle of a step.
  if (isYoung(Date.parse(row.expires_at), nowMs, rules.longestStepMs + rules.graceMs)) return strays;
  const { instanceId } = own;
  return [{ kind: 'end_row', because: 'expired', row }, { kind: 'end_instance', because: 'expired', instanceId }, ...strays];
}

const isYoung = (sinceMs: number, nowMs: number, ageMs: number): boolean => nowMs - sinceMs <= ageMs;
