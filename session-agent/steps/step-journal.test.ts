import { limits } from '@steppe/contracts/limits';
import { AppError } from '@steppe/service-kit/http/app-error';
import { expect, test } from 'vitest';
import { toRawJson } from '../protocol/raw-json.ts';
import { hashRequest, StepJournal } from './step-journal.ts';
import { completed, eventsOf, newRequest, newStep } from './testing/new-step.ts';

const find = (journal: StepJournal, request: ReturnType<typeof newRequest>, epoch = 1) =>
  journal.find(request, hashRequest(request), epoch);
const forgotten = expect.objectContaining({
  code: 'step_conflict',
  details: { reason: 'forgotten' },
});
const different = expect.objectContaining({
  code: 'step_conflict',
  details: { reason: 'different_request' },
});

/** A step that has ended, and takes about this many bytes. */
function endedStep(bytes = 0) {
  const step = newStep();
  step.started(1);
  if (bytes > 0) step.display(toRawJson({ 'text/plain': 'x'.repeat(bytes) }), false, false);
  step.end(completed);
  return step;
}

test('finds a step by its id if the request is the same', () => {
  const journal = new StepJournal();
  const request = newRequest({ env: { A: '1', B: '2' } });
  const step = newStep(request);
  journal.add(step);
  expect(
    find(journal, {
      ...request,
      env: { B: '2', A: '1' },
      wait: false,
      on_disconnect: 'cancel',
      epoch: 7,
    }),
  ).toBe(step);
});

test.each([{ code: '2' }, { env: { A: '1' } }, { cwd: '/tmp' }, { timeout_ms: 1 }])(
  'reports a conflict for %j under the same id',
  (change) => {
    const journal = new StepJournal();
    const request = newRequest();
    journal.add(newStep(request));
    expect(() => find(journal, { ...request, ...change })).toThrow(different);
  },
);

test('forgets the oldest step that has ended, and remembers its id', async () => {
  const journal = new StepJournal();
  const running = newStep();
  journal.add(running);
  const ended = Array.from({ length: limits.journalSteps }, () => endedStep());
  for (const step of ended) journal.add(step);
  expect(journal.get(running.id)).toBe(running);
  expect(journal.list()).toHaveLength(limits.journalSteps);
  const [first] = ended;
  expect(() => find(journal, newRequest({ step_id: first?.id }))).toThrow(forgotten);
  expect(first?.forgotten).toBe(true);
  expect(first && (await eventsOf(first))).toEqual([]);
  expect(() => journal.get(String(first?.id))).toThrow(
    expect.objectContaining({ code: 'step_not_found', details: { reason: 'forgotten' } }),
  );
  expect(() => journal.get('never')).toThrow(
    expect.objectContaining({ code: 'step_not_found', details: {} }),
  );
});

test('enforces its byte limit while a step grows, and never forgets one that has not ended', () => {
  const journal = new StepJournal(1_000_000);
  const [first, second, growing] = [endedStep(400_000), endedStep(400_000), newStep()];
  for (const step of [first, second, growing]) journal.add(step);
  growing.started(1);
  growing.display(toRawJson({ 'text/plain': 'x'.repeat(100_000) }), false, false);
  expect(journal.list()).toEqual([growing, second, first]);
  growing.display(toRawJson({ 'text/plain': 'x'.repeat(200_000) }), false, false);
  expect(journal.list()).toEqual([growing, second]);
  growing.display(toRawJson({ 'text/plain': 'x'.repeat(2_000_000) }), false, false);
  expect(journal.list()).toEqual([growing]);
  const error = { name: 'Error', message: 'x'.repeat(600_000), traceback: [] };
  growing.end({ ...completed, status: 'failed', error });
  expect(journal.list()).toEqual([]);
  // The bytes of its final error do not count any more either.
  const next = endedStep(500_000);
  journal.add(next);
  expect(journal.list()).toEqual([next]);
});

test('does not count the code of a step once it has run', () => {
  const journal = new StepJournal(1_000_000);
  const steps = Array.from({ length: 8 }, () => newStep({ code: 'x'.repeat(300_000) }));
  for (const step of steps) {
    journal.add(step);
    step.takeCode();
    step.started(1);
    step.end(completed);
  }
  expect(journal.list()).toHaveLength(8);
});

test('repeats the refusal of a step, unless the request names the current epoch', () => {
  const journal = new StepJournal();
  const request = newRequest();
  const refusal = new AppError('runtime_restarted', 'restarted');
  journal.keepRefusal(request.step_id, { requestHash: hashRequest(request), refusal });
  expect(() => find(journal, request, 2)).toThrow(refusal);
  expect(() => find(journal, { ...request, epoch: 1 }, 2)).toThrow(refusal);
  expect(() => find(journal, { ...request, code: '2', epoch: 2 }, 2)).toThrow(different);
  expect(find(journal, { ...request, epoch: 2 }, 2)).toBeUndefined();
});

test('counts a step that replaces a refused one once, as the newest', () => {
  const journal = new StepJournal(1_000_000);
  const request = newRequest({ code: 'x'.repeat(300_000) });
  const refused = newStep(request);
  const others = [newStep(), newStep()] as const;
  for (const step of [refused, ...others]) journal.add(step);
  refused.end({
    ...completed,
    status: 'cancelled',
    refusal: new AppError('runtime_restarted', 'restarted'),
  });
  expect(find(journal, request)).toBe(refused);
  expect(find(journal, { ...request, epoch: 1 })).toBeUndefined();
  const anew = newStep(request);
  journal.add(anew);
  expect(journal.list()).toEqual([anew, others[1], others[0]]);
  expect(journal.get(request.step_id)).toBe(anew);
  // This would exceed the limit if the refused step still counted.
  for (let at = 0; at < 2; at += 1) journal.add(endedStep(300_000));
  expect(journal.list()).toHaveLength(5);
});

test('finds a step that replaced a refused one, however many are refused after it', () => {
  const journal = new StepJournal();
  const [first, ...others] = Array.from({ length: limits.journalSteps + 1 }, () => newRequest());
  if (!first) throw new Error('no request');
  const refusal = new AppError('runtime_restarted', 'restarted');
  journal.keepRefusal(first.step_id, { requestHash: hashRequest(first), refusal });
  const step = newStep(first);
  journal.add(step);
  for (const { step_id } of others) journal.keepRefusal(step_id, { requestHash: '', refusal });
  expect(find(journal, first)).toBe(step);
});

test('never runs a step whose refusal it has forgotten', () => {
  const journal = new StepJournal();
  const [first, ...others] = Array.from({ length: limits.journalSteps + 1 }, () => newRequest());
  if (!first) throw new Error('no request');
  const refusal = new AppError('runtime_restarted', 'restarted');
  for (const { step_id } of [first, ...others])
    journal.keepRefusal(step_id, { requestHash: '', refusal });
  expect(() => find(journal, first)).toThrow(forgotten);
});
