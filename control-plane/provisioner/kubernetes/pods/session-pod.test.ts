import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { expect, it } from 'vitest';
import { annotation, label } from './pod-labels.ts';
import { isClaimable, poolGroup, poolGroupOf, toListed } from './session-pod.ts';
import { createdAt, instanceSuffix, makePod, ready } from './testing/make-pod.ts';

const address = 'http://10.96.0.7:8070';
const annotations = { [annotation.address]: address };
const sessionId = newSessionId();
const base = {
  instanceId: `ins_${instanceSuffix}`,
  runtime: 'python',
  version: 'v1',
  createdAtMs: Date.parse(createdAt),
};
const warm = { labels: { [label.state]: 'warm' }, annotations, status: ready };
const claimed = {
  labels: { [label.state]: 'claimed', [label.session]: sessionId },
  annotations,
  status: ready,
};

it('lists instances by their labels', () => {
  expect(toListed(makePod())).toEqual([{ ...base, state: 'starting' }]);
  expect(toListed(makePod({ labels: { [label.session]: sessionId } }))).toEqual([
    { ...base, state: 'starting', sessionId },
  ]);
  expect(toListed(makePod(warm))).toEqual([{ ...base, state: 'warm', address }]);
  expect(toListed(makePod(claimed))).toEqual([{ ...base, state: 'claimed', address, sessionId }]);
});

it('lists no instance that has ended or is being retired, and no pod of others', () => {
  expect(toListed(makePod({ ...claimed, status: { phase: 'Failed' } }))).toEqual([]);
  expect(toListed(makePod({ ...warm, isDeleting: true }))).toEqual([]);
  expect(toListed(makePod({ labels: { [label.instance]: 'Not Ours' } }))).toEqual([]);
});

it('lists a claimed instance until it has ended, also while it is being deleted', () => {
  expect(toListed(makePod({ ...claimed, isDeleting: true }))).toHaveLength(1);
});

it('lets claims take a pod only while it is warm and ready', () => {
  expect(isClaimable(makePod(warm))).toBe(true);
  for (const pod of [
    makePod(claimed),
    makePod({ ...warm, isDeleting: true }),
    makePod({ ...warm, status: { phase: 'Running' } }),
    makePod({ ...warm, status: { ...ready, phase: 'Failed' } }),
  ])
    expect(isClaimable(pod)).toBe(false);
});

it('counts the pods of a pool by runtime, version and state', () => {
  expect(poolGroupOf(makePod(warm))).toBe(poolGroup('warm', 'python', 'v1'));
  expect(poolGroupOf(makePod())).toBe(poolGroup('starting', 'python', 'v1'));
  expect(poolGroupOf(makePod({ labels: { [label.session]: sessionId } }))).toBeNull();
  expect(poolGroupOf(makePod(claimed))).toBeNull();
  expect(poolGroupOf(makePod({ isDeleting: true }))).toBeNull();
});
