import { describe, expect, it } from 'vitest';
import { readEnd, readEndOfDeleted } from './read-end.ts';
import { container, makePod } from './testing/make-pod.ts';

const exited = (terminated: object) => ({
  containerStatuses: [container('agent', { terminated: { exitCode: 1, ...terminated } })],
});
const disrupted = (reason: string) => ({
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'the words' }],
});
const endOf = (status: object, isDeleting = false) => readEnd(makePod({ status, isDeleting }));
const killed = exited({ exitCode: 137, reason: 'Error' });

describe('the end of an instance, by the status of its pod', () => {
  it('is what the agent left as its termination message, whatever its phase', () => {
    const message = JSON.stringify({ end_reason: 'idle', end_detail: 'idle for 900 s' });
    const status = exited({ exitCode: 0, message });
    const end = { reason: 'idle', detail: 'idle for 900 s' };
    expect(endOf(status)).toEqual(end);
    expect(endOf({ ...status, phase: 'Failed' }, true)).toEqual(end);
  });

  it.each([
    ['oom_killed', exited({ exitCode: 137, reason: 'OOMKilled' }), /exit code 137 \(OOMKilled\)/],
    ['crashed', { ...killed, phase: 'Failed' }, /^agent: exit code 137$/],
    ['crashed', { ...exited({ exitCode: 0 }), phase: 'Succeeded' }, /^agent: exit code 0$/],
    [
      'evicted',
      { ...killed, phase: 'Failed', reason: 'Evicted', message: 'exceeds its limit' },
      /^Evicted: exceeds its limit; agent: exit code 137$/,
    ],
    ['evicted', { ...killed, phase: 'Failed', ...disrupted('EvictionByEvictionAPI') }, /137/],
    ['evicted', { ...killed, phase: 'Failed', ...disrupted('PreemptionByScheduler') }, /137/],
    ['expired', { phase: 'Failed', reason: 'DeadlineExceeded' }, /DeadlineExceeded/],
    ['node_lost', { phase: 'Running', ...disrupted('DeletionByTaintManager') }, /Taint.*the words/],
    ['node_lost', { phase: 'Running', ...disrupted('DeletionByPodGC') }, /PodGC/],
    ['crashed', { phase: 'Failed', reason: 'UnexpectedAdmissionError' }, /UnexpectedAdmission/],
  ])('is %s', (reason, status, words) => {
    expect(endOf(status)).toEqual({ reason, detail: expect.stringMatching(words) });
  });

  it('is deleted for a pod that was deleted, without words', () => {
    expect(endOf({ ...killed, phase: 'Failed' }, true)).toEqual({ reason: 'deleted' });
  });

  it('waits for the last phase of an agent that left no message', () => {
    expect(endOf({ ...killed, phase: 'Running' })).toBeNull();
    expect(endOf(disrupted('EvictionByEvictionAPI'), true)).toBeNull();
  });

  it('is none while only the runtime has exited', () => {
    const runtime = container('runtime', { terminated: { exitCode: 137, reason: 'OOMKilled' } });
    expect(endOf({ phase: 'Running', initContainerStatuses: [runtime] })).toBeNull();
  });

  it('shows neither the log nor the stack traces of the agent', () => {
    const message = '{"level":50,"msg":"internal"}\nTypeError: no\n    at run (/opt/a.js:1:2)\n';
    const status = { ...exited({ message }), phase: 'Failed' };
    expect(endOf(status)?.detail).toBe('agent: exit code 1: TypeError: no');
  });
});

describe('the end of an instance whose pod does not exist any more', () => {
  const endOfDeleted = (status: object, { vanished = false, isDeleting = false } = {}) =>
    readEndOfDeleted(makePod({ status, isDeleting }), vanished);

  it('is what its last state says', () => {
    expect(endOfDeleted(exited({ message: '{"end_reason":"expired"}' })).reason).toBe('expired');
    expect(endOfDeleted(disrupted('EvictionByEvictionAPI')).reason).toBe('evicted');
  });

  it('is deleted if its deletion was seen', () => {
    expect(endOfDeleted({ phase: 'Running' })).toEqual({ reason: 'deleted' });
    const unwatched = { vanished: true, isDeleting: true };
    expect(endOfDeleted({ phase: 'Running' }, unwatched)).toEqual({ reason: 'deleted' });
  });

  it('is crashed, as vanished, if it was deleted while nobody watched', () => {
    expect(endOfDeleted({ phase: 'Running' }, { vanished: true })).toEqual({
      reason: 'crashed',
      detail: expect.stringContaining('vanished'),
    });
  });
});
