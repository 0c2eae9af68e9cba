import { randomUUID } from 'node:crypto';
import { type TenantId, tenantIdSchema } from '@steppe/contracts/ids';
import type { ReadyRecord, SessionRecord } from '@steppe/contracts/session-record';
import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';

type Provisioning = Extract<SessionRecord, { state: 'provisioning' }>;
type Ended = Extract<SessionRecord, { state: 'ended' }>;

/** A unique tenant, with characters that could break a key or an expression. */
export const newTenantId = (): TenantId => tenantIdSchema.parse(`tenant-${randomUUID()} #/:ü`);

export const provisioningRecord = (given: Partial<Provisioning> = {}): Provisioning => ({
  session_id: newSessionId(),
  tenant_id: newTenantId(),
  version: 1,
  runtime: 'python',
  state: 'provisioning',
  created_at: '2026-11-23T12:00:00.000Z',
  expires_at: '2026-11-23T13:00:00.000Z',
  idle_timeout_seconds: 900,
  metadata: {},
  resources: { cpu: '500m', memory: '512Mi', ephemeral_storage: '1Gi' },
  ...given,
});

export const readyRecord = (from: SessionRecord = provisioningRecord()): ReadyRecord => ({
  ...common(from),
  state: 'ready',
  instance_id: newInstanceId(),
  address: 'http://10.0.0.7:8080',
  ready_at: '2026-11-23T12:00:01.000Z',
});

export const endedRecord = (from: SessionRecord = provisioningRecord()): Ended => ({
  ...common(from),
  state: 'ended',
  ended_at: '2026-11-23T12:30:00.000Z',
  end_reason: 'deleted',
  purge_at: 1_795_600_200,
});

const common = (from: SessionRecord) => ({
  session_id: from.session_id,
  tenant_id: from.tenant_id,
  version: from.version,
  runtime: from.runtime,
  created_at: from.created_at,
  expires_at: from.expires_at,
  idle_timeout_seconds: from.idle_timeout_seconds,
  metadata: from.metadata,
  resources: from.resources,
});
