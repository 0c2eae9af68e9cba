import { newSessionId, newStepId } from '@steppe/contracts/ids';
import { limits } from '@steppe/contracts/limits';
import { forwardedStepSchema } from '@steppe/contracts/step';
import { expect, test } from 'vitest';
import { Step } from './step.ts';
import { hashRequest, StepJournal } from './step-journal.ts';

const request = (given: object) => forwardedStepSchema.parse({ code: '1', ...given });
const stepOf = (asked: ReturnType<typeof request>) => new Step(asked, hashRequest(asked), newSessionId(), 1);
const end = { status: 'completed', error: null, usage: null, epoch: 1, stateLost: false } as const;

test('finds a step again by its id and the same request', () => {
  const journal = new StepJournal();
  const asked = request({ step_id: newStepId(), env: { A: '1', B: '2' } });
  const step = stepOf(asked);
  journal.add(step);
  expect(journal.find({ ...asked, env: { B: '2', A: '1' }, wait: false, on_disconnect: 'cancel', epoch: 7 })).toBe(step);
});

test.each([{ code: '2' }, { env: { A: '1' } }, { cwd: '/tmp' }, { timeout_ms: 1 }])(
  'calls %j under the same id a conflict',
  (change) => {
    const journal = new StepJournal();
    const asked = request({ step_id: newStepId() });
    journal.add(stepOf(asked));
    expect(() => journal.find({ ...asked, ...change })).toThrow(expect.objectContaining({ code: 'step_conflict' }));
  },
);

test('forgets the oldest that has ended, and remembers that it ran', () => {
  const journal = new StepJournal();
  const running = stepOf(request({ step_id: newStepId() }));
  journal.add(running);
  const asked = Array.from({ length: limits.journalSteps }, () => request({ step_id: newStepId() }));
  for (const one of asked) {
    const step = stepOf(one);
    step.end(end);
    journal.add(step);
  }
  expect(journal.get(running.request.step_id)).toBe(running);
  expect(journal.list()).toHaveLength(limits.journalSteps);
  const [first] = asked;
  if (!first) throw new Error('no step');
  expect(() => journal.find(first)).toThrow(expect.objectContaining({ code: 'step_conflict', details: { reason: 'forgotten' } }));
});
