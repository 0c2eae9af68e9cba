import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { expect, it } from 'vitest';
import { StartFailedError } from '../../provisioner/start-failed-error.ts';
import { CreateAbortedError, createFailure, failureAfter } from './create-failure.ts';

it('an image that cannot be loaded is not retryable, even if only the row says so', () => {
  const failureOf = (reason: 'image_unavailable' | 'unschedulable') =>
    createFailure(newSessionId(), { reason, detail: 'the words of the pod' });
  expect(failureOf('image_unavailable').retryable).toBe(false);
  expect(failureOf('unschedulable').retryable).toBe(true);
});

it('a client that left is the reason of its create’s end, whatever the start waited for', () => {
  const waited = new StartFailedError('unschedulable', 'no node has room');
  const reasonOf = (reason: 'deleted' | 'provisioning_timeout') => {
    const abort = new CreateAbortedError({ reason });
    return failureAfter(AbortSignal.abort(abort), waited) === waited ? 'waited' : 'aborted';
  };
  expect([reasonOf('deleted'), reasonOf('provisioning_timeout')]).toEqual(['aborted', 'waited']);
  expect(failureAfter(new AbortController().signal, waited)).toBe(waited);
});
