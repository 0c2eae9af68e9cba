import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { describe, expect, it } from 'vitest';
import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import { planPooledActions, planSurplusActions } from './plan-pooled-actions.ts';

const rules = { provisioningMs: 60_000, graceMs: 10_000, longestStepMs: 3_600_000 };
const createdAtMs = Date.parse('2026-11-24T12:00:00.000Z');
const instanceId = newInstanceId();
const base = { instanceId, runtime: 'python', version: 'v1', createdAtMs };
const warm: ListedInstance = { ...base, state: 'warm', address: 'http://127.0.0.1:1' };
const starting: ListedInstance = { ...base, state: 'starting' };
const versions = (version: string) => new Map([['python', version]]);
const plan = (
  instance: ListedInstance,
  ageMs: number,
  present = versions('v1'),
  startedAtMs = createdAtMs + 1,
) => planPooledActions(instance, { versions: present, startedAtMs }, createdAtMs + ageMs, rules);

it('leaves a warm instance of the current version alone, however old it is', () => {
  expect(plan(warm, 1e9)).toEqual([]);
});

it('retires another version, or a runtime that is not offered, after the grace period', () => {
  const retired = [{ kind: 'retire_instance', reason: 'old_version', instanceId }];
  expect(plan(warm, 10_000, versions('v2'))).toEqual([]);
  expect(plan(warm, 10_001, versions('v2'))).toEqual(retired);
  expect(plan(warm, 10_001, new Map())).toEqual(retired);
});

it('leaves another version alone if the instance is younger than this control-plane', () => {
  expect(plan(warm, 1e9, versions('v0'), createdAtMs)).toEqual([]);
});

it('ends a start that no create can still be waiting for', () => {
  expect(plan(starting, 70_000)).toEqual([]);
  expect(plan(starting, 70_001)).toEqual([
    { kind: 'terminate_instance', reason: 'start_abandoned', instanceId },
  ]);
});

describe('the surplus of a pool', () => {
  const warmAt = (offsetMs: number, changed: Partial<typeof base> = {}): ListedInstance => ({
    ...warm,
    instanceId: newInstanceId(),
    createdAtMs: createdAtMs + offsetMs,
    ...changed,
  });
  const surplusOf = (pooled: ListedInstance[], ageMs: number, size = 1) => {
    const present = { versions: versions('v1'), poolSizes: new Map([['python', size]]) };
    return planSurplusActions(pooled, present, createdAtMs + ageMs, rules);
  };
  const retired = ({ instanceId: id }: ListedInstance) => ({
    kind: 'retire_instance',
    reason: 'surplus',
    instanceId: id,
  });

  it('is retired, the oldest first, when it has been there for longer than a start', () => {
    const [oldest, older, newest] = [warmAt(0), warmAt(1_000), warmAt(2_000)];
    const pooled = [newest, oldest, older];
    expect(surplusOf(pooled, 70_000)).toEqual([]);
    expect(surplusOf(pooled, 70_001)).toEqual([retired(oldest)]);
    expect(surplusOf(pooled, 1e9)).toEqual([retired(oldest), retired(older)]);
    expect(surplusOf(pooled, 1e9, 3)).toEqual([]);
  });

  it('does not include instances of other versions and runtimes, and those that are starting', () => {
    const others = [
      warmAt(0, { version: 'v0' }),
      warmAt(0, { runtime: 'node' }),
      { ...starting, instanceId: newInstanceId() },
    ];
    expect(surplusOf([warmAt(0), ...others], 1e9)).toEqual([]);
  });
});
