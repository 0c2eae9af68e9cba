import { expect, it } from 'vitest';
import { readStart } from './read-start.ts';
import { container, makePod, ready } from './testing/make-pod.ts';

const startOf = (status: object, isDeleting = false) => readStart(makePod({ status, isDeleting }));
const waiting = (name: string, reason: string) =>
  container(name, { waiting: { reason, message: 'the words' } });

it('is ready when the pod is', () => {
  expect(startOf(ready)).toEqual({ state: 'ready' });
});

it.each([
  ['unschedulable', { conditions: [unscheduled('0/3 nodes are available')] }, /^0\/3 nodes/],
  ['image_unavailable', { containerStatuses: [waiting('agent', 'ImagePullBackOff')] }, /words/],
  ['image_unavailable', { initContainerStatuses: [waiting('runtime', 'ErrImagePull')] }, /words/],
  ['start_failed', { containerStatuses: [waiting('agent', 'CreateContainerConfigError')] }, /Conf/],
])('waits for what may go away: %s', (reason, status, words) => {
  expect(startOf(status)).toEqual({
    state: 'waiting',
    problem: { reason, detail: expect.stringMatching(words) },
  });
});

function unscheduled(message: string) {
  return { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
}

it('waits without a problem while containers are created', () => {
  const containerStatuses = [waiting('agent', 'PodInitializing')];
  expect(startOf({ containerStatuses, phase: 'Pending' })).toEqual({ state: 'waiting' });
});

it.each(['InvalidImageName', 'ErrImageNeverPull'])('fails at once for %s', (reason) => {
  expect(startOf({ initContainerStatuses: [waiting('runtime', reason)] })).toEqual({
    state: 'failed',
    problem: { reason: 'image_unavailable', detail: `${reason}: the words` },
    retryable: false,
  });
});

it('fails when the runtime has exited twice, not once', () => {
  const exits = (restartCount: number) => ({
    initContainerStatuses: [
      container('runtime', { terminated: { exitCode: 78, message: 'no module' } }, restartCount),
    ],
  });
  expect(startOf(exits(0))).toEqual({ state: 'waiting' });
  expect(startOf(exits(1))).toEqual({
    state: 'failed',
    problem: { reason: 'crashed', detail: 'runtime: exit code 78: no module' },
    retryable: true,
  });
});

it('fails when the pod ends or is deleted', () => {
  const containerStatuses = [container('agent', { terminated: { exitCode: 3 } })];
  expect(startOf({ containerStatuses, phase: 'Failed' })).toMatchObject({
    state: 'failed',
    problem: { reason: 'crashed', detail: 'agent: exit code 3' },
  });
  expect(startOf({ phase: 'Failed', reason: 'Evicted' })).toMatchObject({
    state: 'failed',
    problem: { reason: 'start_failed' },
  });
  expect(startOf(ready, true)).toMatchObject({ problem: { reason: 'start_failed' } });
});
