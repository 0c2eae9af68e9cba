import {
  type EndedReason,
  endedReasonSchema,
  failedReasonSchema,
} from '@steppe/contracts/end-reason';
import type { SessionRecord } from '@steppe/contracts/session-record';
import type * as z from 'zod';
import { withoutInternals } from '../../without-internals.ts';

export type LiveRecord = Extract<SessionRecord, { state: 'provisioning' | 'ready' }>;
export type TerminalRecord = Extract<SessionRecord, { state: 'ended' | 'failed' }>;

export interface TerminationCause {
  reason: EndedReason | z.infer<typeof failedReasonSchema>;
  detail?: string;
}

/** How long the row of a terminal session is kept. */
export const terminalRetentionSeconds = 24 * 60 * 60;
const maxDetailLength = 4_096;

export const isTerminal = (record: Pick<SessionRecord, 'state'>): record is TerminalRecord =>
  record.state === 'ended' || record.state === 'failed';

export const causeOf = ({
  end_reason: reason,
  end_detail: detail,
}: TerminalRecord): TerminationCause => ({
  reason,
  ...(detail && { detail }),
});

/** True if the retention of the row has expired, even if the store has not purged it yet. */
export const isPurged = (record: SessionRecord, nowMs: number): boolean =>
  isTerminal(record) && record.purge_at * 1000 <= nowMs;

/**
 * The row of a terminal session. The state is `failed` if the session never became ready, unless it
 * was deleted. A reason that the state does not allow is recorded as `crashed`, with its name at
 * the start of the detail. Stack traces and internal paths are removed from the detail.
 */
export function terminalRecord(
  record: LiveRecord,
  cause: TerminationCause,
  nowMs: number,
): TerminalRecord {
  const {
    session_id,
    tenant_id,
    version,
    runtime,
    created_at,
    expires_at,
    idle_timeout_seconds,
    metadata,
    resources,
  } = record;
  const base = {
    session_id,
    tenant_id,
    version,
    runtime,
    created_at,
    expires_at,
    idle_timeout_seconds,
    metadata,
    resources,
  };
  const terminal = {
    ...base,
    ...(record.instance_id && { instance_id: record.instance_id }),
    ended_at: new Date(nowMs).toISOString(),
    purge_at: Math.ceil(nowMs / 1000) + terminalRetentionSeconds,
  };
  if (record.state === 'ready' || cause.reason === 'deleted') {
    const readyAt = record.state === 'ready' ? { ready_at: record.ready_at } : {};
    return { ...terminal, ...readyAt, state: 'ended', ...asReason(endedReasonSchema, cause) };
  }
  return { ...terminal, state: 'failed', ...asReason(failedReasonSchema, cause) };
}

interface Reasons<R> {
  safeParse(reason: string): { success: true; data: R } | { success: false };
}

function asReason<R extends string>(known: Reasons<R>, { reason, detail }: TerminationCause) {
  const parsed = known.safeParse(reason);
  const shown = withoutInternals(detail ?? '');
  const words = parsed.success ? shown : [reason, shown].filter(Boolean).join(': ');
  return {
    end_reason: parsed.success ? parsed.data : ('crashed' as const),
    ...(words && { end_detail: words.slice(0, maxDetailLength) }),
  };
}

/** The cause in the form in which the row of a failed create records it. */
export function asFailed(cause: TerminationCause): TerminationCause {
  if (cause.reason === 'deleted') return cause;
  const { end_reason: reason, end_detail: detail } = asReason(failedReasonSchema, cause);
  return { reason, ...(detail && { detail }) };
}
