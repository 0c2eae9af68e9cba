import { type SessionRecord, sessionRecordSchema } from '@steppe/contracts/session-record';
import { newSessionId } from '@steppe/contracts/testing/new-ids';

type Fields = Partial<Record<string, unknown>>;

/** A row as the product writes it, created at `nowMs`; `state` decides what else it needs. */
export function makeRow(nowMs: number, fields: Fields): SessionRecord {
  const at = (ms: number) => new Date(nowMs + ms).toISOString();
  return sessionRecordSchema.parse({
    session_id: newSessionId(),
    tenant_id: 'acme',
    version: 3,
    runtime: 'python',
    created_at: at(0),
    expires_at: at(3_600_000),
    idle_timeout_seconds: 900,
    metadata: {},
    resources: { cpu: '1', memory: '1Gi', ephemeral_storage: '1Gi' },
    instance_id: 'ins_1',
    address: 'http://10.0.0.1:8070',
    ready_at: at(0),
    end_reason: 'crashed',
    ended_at: at(0),
    purge_at: 2_000_000_000,
    ...fields,
  });
}
