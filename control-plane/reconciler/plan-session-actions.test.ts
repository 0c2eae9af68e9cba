import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { ReadyRecord } from '@steppe/contracts/session-record';
import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import {
  endedRecord,
  newTenantId,
  provisioningRecord,
  readyRecord,
} from '@steppe/session-store/conformance/session-records';
import { describe, expect, it } from 'vitest';
import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import { planSessionActions, type SessionView } from './plan-session-actions.ts';

const rules = { provisioningMs: 60_000, graceMs: 10_000, longestStepMs: 3_600_000 };
const createdMs = Date.parse('2026-11-24T12:00:00.000Z');
const at = (ms: number) => new Date(ms).toISOString();

const sessionId = newSessionId(createdMs);
const tenantId = newTenantId();
const instanceId = newInstanceId();
const provisioning = {
  ...provisioningRecord({ session_id: sessionId, tenant_id: tenantId, created_at: at(createdMs) }),
};
const ready: ReadyRecord = {
  ...readyRecord(provisioning),
  instance_id: instanceId,
  ready_at: at(createdMs + 1_000),
  expires_at: at(createdMs + 1_000_000),
};
const endedMs = createdMs + 500_000;
const ended = { ...endedRecord(ready), ended_at: at(endedMs) };

const claimed = (id: InstanceId = instanceId, by: SessionId = sessionId): ListedInstance => ({
  instanceId: id,
  runtime: 'python',
  version: 'v1',
  createdAtMs: createdMs - 1_000,
  state: 'claimed',
  address: 'http://127.0.0.1:1',
  sessionId: by,
});

/** Kinds and reasons of the planned actions. */
const plan = (view: Partial<SessionView>, nowMs: number) =>
  planSessionActions(
    { sessionId, row: null, instances: [], reservedBy: [tenantId], ...view },
    nowMs,
    rules,
  ).map(({ kind, reason }) => `${kind} ${reason}`);

describe('a session that is being created', () => {
  const lateMs = createdMs + 70_001;
  it('is left alone until its limit and the grace period have passed', () => {
    expect(plan({ row: provisioning, instances: [claimed()] }, lateMs - 1)).toEqual([]);
  });
  it('fails after that, and all its instances are ended', () => {
    const instances = [claimed(), claimed(newInstanceId())];
    expect(plan({ row: provisioning, instances }, lateMs)).toEqual([
      'terminate_row never_ready',
      'terminate_instance never_ready',
      'terminate_instance never_ready',
    ]);
  });
  it('fails after that even if nothing was started for it or the quota does not count it', () => {
    expect(plan({ row: provisioning, reservedBy: [] }, lateMs)).toEqual([
      'terminate_row never_ready',
    ]);
  });
  it('is counted after the grace period if the quota does not count it', () => {
    expect(plan({ row: provisioning, reservedBy: [] }, createdMs + 10_000)).toEqual([]);
    expect(plan({ row: provisioning, reservedBy: [] }, createdMs + 10_001)).toEqual([
      'reserve_quota quota_not_reserved',
    ]);
  });
});

describe('a session that is ready', () => {
  const nowMs = createdMs + 100_000;
  it('is left alone with its instance', () => {
    expect(plan({ row: ready, instances: [claimed()] }, nowMs)).toEqual([]);
  });
  it('ends if its instance no longer exists, however young it is', () => {
    expect(plan({ row: ready }, createdMs + 1_000)).toEqual(['terminate_row instance_gone']);
    expect(plan({ row: ready, reservedBy: [] }, nowMs)).toEqual(['terminate_row instance_gone']);
  });
  it('keeps one instance, and others that name it are ended after the grace period', () => {
    const instances = [claimed(newInstanceId()), claimed()];
    expect(plan({ row: ready, instances }, createdMs + 11_000)).toEqual([]);
    const [action] = planSessionActions(
      { sessionId, row: ready, instances, reservedBy: [tenantId] },
      createdMs + 11_001,
      rules,
    );
    expect(action).toEqual({
      kind: 'terminate_instance',
      reason: 'row_names_another',
      instanceId: instances[0]?.instanceId,
    });
  });
  it('outlives its expiry by the duration of the longest step, and then ends', () => {
    const lastMs = Date.parse(ready.expires_at) + 3_610_000;
    expect(plan({ row: ready, instances: [claimed()] }, lastMs)).toEqual([]);
    expect(plan({ row: ready, instances: [claimed()] }, lastMs + 1)).toEqual([
      'terminate_row expired',
      'terminate_instance expired',
    ]);
  });
  it('is counted for its own tenant if that quota does not count it', () => {
    const instances = [claimed()];
    const view = { sessionId, row: ready, instances, reservedBy: [newTenantId()] };
    expect(planSessionActions(view, nowMs, rules)).toEqual([
      { kind: 'reserve_quota', reason: 'quota_not_reserved', tenantId },
    ]);
  });
});

describe('a terminal session', () => {
  it('loses a remaining instance and its place in the quota after the grace period', () => {
    const view = { row: ended, instances: [claimed()] };
    expect(plan(view, endedMs + 10_000)).toEqual(['release_quota row_terminal']);
    expect(plan(view, endedMs + 10_001)).toEqual([
      'terminate_instance row_terminal',
      'release_quota row_terminal',
    ]);
  });
  it('keeps its place in the quota while a create with its id could still run', () => {
    const early = { ...ended, ended_at: at(createdMs) };
    expect(plan({ row: early }, createdMs + 70_000)).toEqual([]);
    expect(plan({ row: early }, createdMs + 70_001)).toEqual(['release_quota row_terminal']);
  });
});

describe('a session without a row', () => {
  it('is left alone while its create may still write a row', () => {
    expect(plan({}, createdMs + 70_000)).toEqual([]);
    expect(plan({}, createdMs + 70_001)).toEqual(['release_quota no_row']);
  });
  it('must have no instance: one that names it is ended after the grace period', () => {
    expect(plan({ instances: [claimed()], reservedBy: [] }, createdMs + 10_000)).toEqual([]);
    expect(plan({ instances: [claimed()], reservedBy: [] }, createdMs + 10_001)).toEqual([
      'terminate_instance no_row',
    ]);
  });
});
