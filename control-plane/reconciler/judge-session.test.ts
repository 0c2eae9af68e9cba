import { type InstanceId, newInstanceId, newSessionId, type SessionId } from '@steppe/contracts/ids';
import type { ReadyRecord } from '@steppe/contracts/session-record';
import { endedRecord, newTenantId, provisioningRecord, readyRecord } from '@steppe/route-store/conformance/session-records';
import { describe, expect, it } from 'vitest';
import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import { judgeSession, type SessionView } from './judge-session.ts';

const rules = { provisioningMs: 60_000, graceMs: 10_000, longestStepMs: 3_600_000 };
const createdMs = Date.parse('2026-11-24T12:00:00.000Z');
const at = (ms: number) => new Date(ms).toISOString();

const sessionId = newSessionId(createdMs);
const tenantId = newTenantId();
const instanceId = newInstanceId();
const provisioning = { ...provisioningRecord({ session_id: sessionId, tenant_id: tenantId, created_at: at(createdMs) }) };
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

/** Kinds and reasons of what is to be done. */
const judge = (view: Partial<SessionView>, nowMs: number) =>
  judgeSession({ sessionId, row: null, instances: [], countedBy: [tenantId], ...view }, nowMs, rules).map(
    ({ kind, because }) => `${kind} ${because}`,
  );

describe('a session that is being made', () => {
  const lateMs = createdMs + 70_001;
  it('is left alone until its limit and the grace are over', () => {
    expect(judge({ row: provisioning, instances: [claimed()] }, lateMs - 1)).toEqual([]);
  });
  it('fails after that, and each instance that is its ends', () => {
    const instances = [claimed(), claimed(newInstanceId())];
    expect(judge({ row: provisioning, instances }, lateMs)).toEqual([
      'end_row never_ready',
      'end_instance never_ready',
      'end_instance never_ready',
    ]);
  });
  it('fails after that also where nothing was started for it, or it is not counted', () => {
    expect(judge({ row: provisioning, countedBy: [] }, lateMs)).toEqual(['end_row never_ready']);
  });
  it('is counted where it is not, once the grace is over', () => {
    expect(judge({ row: provisioning, countedBy: [] }, createdMs + 10_000)).toEqual([]);
    expect(judge({ row: provisioning, countedBy: [] }, createdMs + 10_001)).toEqual(['count not_counted']);
  });
});

describe('a session that is ready', () => {
  const nowMs = createdMs + 100_000;
  it('is left alone with its instance', () => {
    expect(judge({ row: ready, instances: [claimed()] }, nowMs)).toEqual([]);
  });
  it('ends where its instance is gone, however young it is', () => {
    expect(judge({ row: ready }, createdMs + 1_000)).toEqual(['end_row instance_gone']);
    expect(judge({ row: ready, countedBy: [] }, nowMs)).toEqual(['end_row instance_gone']);
  });
  it('keeps one instance: others that name it end once the grace is over', () => {
    const instances = [claimed(newInstanceId()), claimed()];
    expect(judge({ row: ready, instances }, createdMs + 11_000)).toEqual([]);
    const [act] = judgeSession({ sessionId, row: ready, instances, countedBy: [tenantId] }, createdMs + 11_001, rules);
    expect(act).toEqual({ kind: 'end_instance', because: 'row_names_another', instanceId: instances[0]?.instanceId });
  });
  it('outlives its expiry by the largest step, and ends after that', () => {
    const lastMs = Date.parse(ready.expires_at) + 3_610_000;
    expect(judge({ row: ready, instances: [claimed()] }, lastMs)).toEqual([]);
    expect(judge({ row: ready, instances: [claimed()] }, lastMs + 1)).toEqual(['end_row expired', 'end_instance expired']);
  });
  it('is counted for its own tenant where it is not', () => {
    const instances = [claimed()];
    const view = { sessionId, row: ready, instances, countedBy: [newTenantId()] };
    expect(judgeSession(view, nowMs, rules)).toEqual([{ kind: 'count', because: 'not_counted', tenantId }]);
  });
});

describe('a session that is over', () => {
  it('loses an instance that is left, and its place in the quota, after the grace', () => {
    const view = { row: ended, instances: [claimed()] };
    expect(judge(view, endedMs + 10_000)).toEqual(['uncount row_over']);
    expect(judge(view, endedMs + 10_001)).toEqual(['end_instance row_over', 'uncount row_over']);
  });
  it('keeps its place in the quota while a create with its id could still run', () => {
    const early = { ...ended, ended_at: at(createdMs) };
    expect(judge({ row: early }, createdMs + 70_000)).toEqual([]);
    expect(judge({ row: early }, createdMs + 70_001)).toEqual(['uncount row_over']);
  });
});

describe('a session without a row', () => {
  it('is given the time in which its create may come to a row', () => {
    expect(judge({}, createdMs + 70_000)).toEqual([]);
    expect(judge({}, createdMs + 70_001)).toEqual(['uncount no_row']);
  });
  it('has no instance: one that names it ends after the grace', () => {
    expect(judge({ instances: [claimed()], countedBy: [] }, createdMs + 10_000)).toEqual([]);
    expect(judge({ instances: [claimed()], countedBy: [] }, createdMs + 10_001)).toEqual(['end_instance no_row']);
  });
});
