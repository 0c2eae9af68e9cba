import { newInstanceId } from '@steppe/contracts/ids';
import { expect, it } from 'vitest';
import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import { judgePooled } from './judge-pooled.ts';

const rules = { provisioningMs: 60_000, graceMs: 10_000, longestStepMs: 3_600_000 };
const createdAtMs = Date.parse('2026-11-24T12:00:00.000Z');
const instanceId = newInstanceId();
const base = { instanceId, runtime: 'python', version: 'v1', createdAtMs };
const warm: ListedInstance = { ...base, state: 'warm', address: 'http://127.0.0.1:1' };
const starting: ListedInstance = { ...base, state: 'starting' };
const versions = (version: string) => new Map([['python', version]]);
const judge = (instance: ListedInstance, ageMs: number, present = versions('v1'), startedAtMs = createdAtMs + 1) =>
  judgePooled(instance, { versions: present, startedAtMs }, createdAtMs + ageMs, rules);

it('leaves a warm instance of the present version alone, however old it is', () => {
  expect(judge(warm, 1e9)).toEqual([]);
});

it('retires a warm instance of another version, and of a runtime that is no longer offered, after the grace', () => {
  const retired = [{ kind: 'retire_instance', because: 'old_version', instanceId }];
  expect(judge(warm, 10_000, versions('v2'))).toEqual([]);
  expect(judge(warm, 10_001, versions('v2'))).toEqual(retired);
  expect(judge(warm, 10_001, new Map())).toEqual(retired);
});

it('leaves one of another version alone that was made since this control-plane began: a newer one may have made it', () => {
  expect(judge(warm, 1e9, versions('v0'), createdAtMs)).toEqual([]);
});

it('ends a start that nobody can be waiting for any more', () => {
  expect(judge(starting, 70_000)).toEqual([]);
  expect(judge(starting, 70_001)).toEqual([{ kind: 'end_instance', because: 'start_abandoned', instanceId }]);
});
