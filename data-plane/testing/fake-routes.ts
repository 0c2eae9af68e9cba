import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { ReadyRecord, SessionRecord } from '@steppe/contracts/session-record';
import {
  endedRecord,
  provisioningRecord,
  readyRecord,
} from '@steppe/session-store/conformance/session-records';
import type { SessionReader } from '@steppe/session-store/ports';

export interface FakeRoutes extends SessionReader {
  /** The rows that reads return; a consistent read looks into `consistent` first. */
  rows: Map<SessionId, SessionRecord>;
  consistent: Map<SessionId, SessionRecord | null>;
  reads: { sessionId: SessionId; consistent: boolean }[];
  /** Every read throws this while it is set. */
  failure: Error | undefined;
  /** Every read awaits this while it is set, and returns the row from before. */
  gate: Promise<void> | undefined;
}

/** Only the port, with rows that a test adds; the real store has its own suite. */
export function createFakeRoutes(): FakeRoutes {
  const fake: FakeRoutes = {
    rows: new Map(),
    consistent: new Map(),
    reads: [],
    failure: undefined,
    gate: undefined,
    async get(sessionId, { consistent }) {
      fake.reads.push({ sessionId, consistent });
      const fresh = consistent ? fake.consistent.get(sessionId) : undefined;
      const found = fresh === undefined ? (fake.rows.get(sessionId) ?? null) : fresh;
      await fake.gate;
      if (fake.failure) throw fake.failure;
      return found;
    },
  };
  return fake;
}

const expires_at = '2999-01-01T00:00:00.000Z';

export const ready = (
  tenantId: TenantId,
  address: string,
  changed: Partial<ReadyRecord> = {},
): ReadyRecord => ({
  ...readyRecord(provisioningRecord({ tenant_id: tenantId, expires_at })),
  address,
  ...changed,
});

/** An ended session that is not purged before the year 2096, unless the caller passes a time. */
export const ended = (from: SessionRecord, purgeAtMs = 4_000_000_000_000): SessionRecord => ({
  ...endedRecord(from),
  version: from.version + 1,
  purge_at: purgeAtMs / 1000,
});

export const provisioning = (tenantId: TenantId): SessionRecord =>
  provisioningRecord({ tenant_id: tenantId, expires_at });
