import { limits } from '@steppe/contracts/limits';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { AppError } from '@steppe/service-kit/http/app-error';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { newSpool } from '../testing/new-spool.ts';
import { BackgroundOutput } from './background.ts';
import { interruptAgainMs, interruptGraceMs } from './run-step.ts';
import type { Step } from './step.ts';
import { StepJournal } from './step-journal.ts';
import { contractLimits } from './step-limits.ts';
import { StepQueue } from './step-queue.ts';
import { newRequest } from './testing/new-step.ts';
import { ScriptedInterpreter } from './testing/scripted-interpreter.ts';

let interpreter: ScriptedInterpreter;
let queue: StepQueue;
let over: AppError | undefined;
let activity: string[];

beforeEach(() => {
  [over, activity] = [undefined, []];
  interpreter = new ScriptedInterpreter();
  const spool = newSpool();
  queue = new StepQueue({
    sessionId: newSessionId(),
    interpreter,
    journal: new StepJournal(),
    background: new BackgroundOutput(spool, systemClock),
    spool,
    clock: systemClock,
    limits: contractLimits,
    expiry: () => over,
    onQueued: ({ ended }) => {
      activity.push('taken');
      void ended.promise.then(() => activity.push('gone'));
    },
    onBegin: () => activity.push('begin'),
    onEnd: () => activity.push('end'),
  });
  interpreter.onMemoryLost = () => queue.onMemoryLost();
});

const submit = (code: string, given: object = {}) => queue.submit(newRequest({ code, ...given }));
const refusalOf = (callback: () => unknown): AppError => {
  try {
    callback();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};
/** Lets all pending callbacks run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));
const running = async (code: string, given: object = {}): Promise<Step> => {
  const step = submit(code, given);
  await settle();
  expect(step.status).toBe('running');
  return step;
};
const lost = { status: 'cancelled', state_lost: true, error: { name: 'RuntimeRestarted' } };

test('runs steps one at a time, in order of arrival', async () => {
  const steps = ['a', 'b', 'c'].map((code) => submit(code));
  for (const ran of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    await settle();
    expect(interpreter.ran).toEqual(ran);
    // The queue knows which step is running.
    for (const step of steps) if (step.status === 'running') queue.cancel(step);
    interpreter.done();
  }
  expect(interpreter.commands).toEqual(['interrupt', 'interrupt', 'interrupt']);
  await settle();
  expect(steps.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
  const each = ['begin', 'gone', 'end'];
  expect(activity).toEqual(['taken', 'taken', 'taken', ...each, ...each, ...each]);
});

test('queues sixteen steps and refuses one more without using up its id', async () => {
  await running('first');
  for (let at = 0; at < limits.queuedSteps; at += 1) submit('waits');
  const further = newRequest({ code: 'further' });
  expect(refusalOf(() => queue.submit(further))).toMatchObject({
    code: 'step_queue_full',
    headers: { 'Retry-After': '1' },
  });
  interpreter.done();
  await settle();
  expect(queue.submit(further).status).toBe('queued');
});

test('finds the same step by its id while it waits, runs and after its end', async () => {
  interpreter.canRun = false;
  const request = newRequest({ code: 'once' });
  const step = queue.submit(request);
  expect(queue.submit(request)).toBe(step);
  interpreter.comeBack();
  await settle();
  expect(queue.submit({ ...request, epoch: 77 })).toBe(step);
  interpreter.done();
  await settle();
  expect(queue.submit({ ...request, wait: false })).toBe(step);
  expect(interpreter.ran).toEqual(['once']);
});

test('waits for the interpreter once, however many steps are queued', async () => {
  const ready = vi.spyOn(interpreter, 'ready');
  interpreter.canRun = false;
  for (const code of ['a', 'b', 'c']) submit(code);
  await settle();
  expect(ready).toHaveBeenCalledOnce();
});

test('keeps waiting if the interpreter is lost at the moment when it is ready', async () => {
  const ready = interpreter.ready.bind(interpreter);
  interpreter.ready = async () => {
    await ready();
    interpreter.ready = ready;
    interpreter.canRun = false;
  };
  submit('waits');
  await settle();
  expect(interpreter.ran).toEqual([]);
  interpreter.comeBack();
  await settle();
  expect(interpreter.ran).toEqual(['waits']);
});

describe('a step whose reader disconnected before its turn and requested a cancel for that', () => {
  const read = (step: Step) => {
    const leave = step.subscribers.join('cancel', () => queue.cancel(step));
    return { leave: () => leave('disconnected') };
  };
  let left: Step;
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await running('first');
    left = submit('left');
    read(left).leave();
    submit('last');
    interpreter.done();
    await settle();
  });
  afterEach(() => vi.useRealTimers());

  test('runs once the reader has reconnected', async () => {
    expect(interpreter.ran).toEqual(['first']);
    read(left);
    await settle();
    expect(interpreter.ran).toEqual(['first', 'left']);
  });

  test('is cancelled if the reader does not reconnect, and the next step runs', async () => {
    vi.advanceTimersByTime(10_000);
    await settle();
    expect(left.result()).toMatchObject({ status: 'cancelled', started_at: null });
    expect(interpreter.ran).toEqual(['first', 'last']);
  });

  test('does not run if the reader disconnects while the interpreter starts', async () => {
    queue.cancel(left);
    await settle();
    const waits = submit('waits');
    const reader = read(waits);
    interpreter.done();
    interpreter.canRun = false;
    await settle();
    reader.leave();
    interpreter.comeBack();
    await settle();
    expect(interpreter.ran).toEqual(['first', 'last']);
    read(waits);
    await settle();
    expect(interpreter.ran).toEqual(['first', 'last', 'waits']);
  });

  test('does not delay other steps after it is cancelled by a request', async () => {
    queue.cancel(left);
    await settle();
    expect(interpreter.ran).toEqual(['first', 'last']);
  });
});

describe('a cancel', () => {
  test('removes a waiting step permanently', async () => {
    await running('first');
    const waits = submit('waits');
    queue.cancel(waits);
    queue.cancel(waits);
    expect(waits.result()).toMatchObject({
      status: 'cancelled',
      state_lost: false,
      error: { name: 'StepCancelled' },
    });
    interpreter.done();
    await settle();
    expect(interpreter.ran).toEqual(['first']);
  });

  test('interrupts a running step with each request', async () => {
    const step = await running('first');
    queue.cancel(step);
    queue.cancel(step);
    expect(interpreter.commands).toEqual(['interrupt', 'interrupt']);
    interpreter.done('interrupted');
    await settle();
    expect(step.result()).toMatchObject({
      status: 'cancelled',
      state_lost: false,
      error: { name: 'StepCancelled' },
    });
  });

  test('interrupts once more before it kills the worker', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    queue.cancel(await running('first'));
    vi.advanceTimersByTime(interruptAgainMs);
    expect(interpreter.commands).toEqual(['interrupt', 'interrupt']);
    vi.advanceTimersByTime(interruptGraceMs - interruptAgainMs);
    expect(interpreter.commands).toEqual(['interrupt', 'interrupt', 'kill']);
  });

  test('does not change a step whose code has already ended', async () => {
    const step = await running('first');
    queue.cancel(step);
    interpreter.done('completed');
    await settle();
    queue.cancel(step);
    expect(step.result()).toMatchObject({ status: 'completed', error: null });
  });
});

describe('a loss of memory in a step', () => {
  test('is reported by the step, and a step that is submitted after that runs', async () => {
    const dies = await running('dies');
    interpreter.die();
    interpreter.tellLoss();
    await settle();
    expect(dies.result()).toMatchObject({
      status: 'failed',
      state_lost: true,
      epoch: 2,
      error: { name: 'WorkerCrashed' },
    });
    interpreter.comeBack();
    const after = await running('after');
    interpreter.done();
    await settle();
    expect(after.result()).toMatchObject({ status: 'completed', epoch: 2 });
  });

  test('refuses the waiting steps, and those submitted before it was reported', async () => {
    await running('dies');
    const waited = submit('waited');
    interpreter.die();
    const late = submit('late');
    expect([waited.status, late.status]).toEqual(['queued', 'queued']);
    interpreter.tellLoss();
    interpreter.comeBack();
    await settle();
    for (const step of [waited, late]) {
      expect(step.result()).toMatchObject({ ...lost, epoch: 2, started_at: null });
      expect(step.refusal).toMatchObject({ code: 'runtime_restarted', details: { epoch: 2 } });
    }
    await running('after');
    expect(interpreter.ran).toEqual(['dies', 'after']);
  });

  test('refuses all steps submitted before it was reported, even if none was waiting', async () => {
    await running('dies');
    interpreter.die();
    const late = [submit('late'), submit('later')];
    interpreter.tellLoss();
    interpreter.comeBack();
    await settle();
    for (const step of late)
      expect(step.result()).toMatchObject({ ...lost, epoch: 2, started_at: null });
    expect(interpreter.ran).toEqual(['dies']);
  });

  test('runs a step that names the new epoch before the loss was reported', async () => {
    await running('dies');
    interpreter.die();
    submit('knows', { epoch: 2 });
    interpreter.tellLoss();
    interpreter.comeBack();
    await settle();
    expect(interpreter.ran).toEqual(['dies', 'knows']);
  });

  test('runs a refused step, under the same id, once it names the new epoch', async () => {
    await running('dies');
    const request = newRequest({ code: 'waited' });
    const refused = queue.submit(request);
    interpreter.die();
    interpreter.tellLoss();
    interpreter.comeBack();
    await settle();
    expect(refused.refusal).toMatchObject({ code: 'runtime_restarted', details: { epoch: 2 } });
    for (const epoch of [undefined, 1, 3])
      expect(queue.submit({ ...request, epoch })).toBe(refused);
    expect(refusalOf(() => queue.submit({ ...request, code: 'other', epoch: 2 }))).toMatchObject({
      code: 'step_conflict',
    });
    const step = queue.submit({ ...request, epoch: 2 });
    expect(queue.submit({ ...request, epoch: 2 })).toBe(step);
    await settle();
    interpreter.done();
    await settle();
    expect(queue.submit(request).result()).toMatchObject({ status: 'completed', epoch: 2 });
    expect(interpreter.ran).toEqual(['dies', 'waited']);
  });

  test('fails a step that was sent to the worker, instead of refusing it', async () => {
    const step = await running('unread');
    interpreter.die();
    interpreter.tellLoss();
    await settle();
    expect(step.result()).toMatchObject({
      status: 'failed',
      state_lost: true,
      epoch: 2,
      error: { name: 'WorkerCrashed' },
    });
    expect(step.refusal).toBeUndefined();
  });

  test('after its code had ended is reported behind a step that names the new epoch', async () => {
    await running('done');
    interpreter.die();
    const knows = submit('knows', { epoch: 2 });
    interpreter.done('completed', 1);
    await settle();
    const behind = submit('behind');
    expect(behind.status).toBe('queued');
    queue.cancel(knows);
    interpreter.comeBack();
    await settle();
    expect(behind.result()).toMatchObject({ ...lost, epoch: 2, started_at: null });
    expect(interpreter.ran).toEqual(['done']);
  });

  test('after its code had ended is reported to the next step', async () => {
    const step = await running('done');
    interpreter.die();
    interpreter.done('completed', 1);
    await settle();
    interpreter.comeBack();
    expect(step.result()).toMatchObject({ status: 'completed', state_lost: false, epoch: 1 });
    expect(refusalOf(() => submit('next'))).toMatchObject({
      code: 'runtime_restarted',
      details: { epoch: 2 },
    });
    await running('after');
  });
});

describe('a loss of memory between two steps', () => {
  beforeEach(async () => {
    await running('first');
    interpreter.done();
    await settle();
    interpreter.die();
  });

  test('refuses the next step, however often it is sent, and runs the one after it', async () => {
    const next = newRequest({ code: 'next' });
    for (const at of [1, 2, 3]) {
      expect(
        refusalOf(() => queue.submit(next)),
        String(at),
      ).toMatchObject({ code: 'runtime_restarted', details: { epoch: 2 } });
    }
    interpreter.comeBack();
    await running('after');
    expect(refusalOf(() => queue.submit(next))).toMatchObject({ code: 'runtime_restarted' });
    expect(refusalOf(() => queue.submit({ ...next, code: 'other' }))).toMatchObject({
      code: 'step_conflict',
    });
    expect(interpreter.ran).toEqual(['first', 'after']);
  });

  test('runs the refused step once it names the new epoch, under the same id', async () => {
    const next = newRequest({ code: 'next' });
    refusalOf(() => queue.submit(next));
    interpreter.comeBack();
    const step = queue.submit({ ...next, epoch: 2 });
    expect(queue.submit(next)).toBe(step);
    await settle();
    expect(interpreter.ran).toEqual(['first', 'next']);
  });

  test('runs a step with the new epoch, and refuses an old one without using its id', async () => {
    const old = newRequest({ code: 'old', epoch: 1 });
    for (const epoch of [1, 3]) {
      expect(refusalOf(() => queue.submit({ ...old, epoch }))).toMatchObject({
        code: 'epoch_mismatch',
        details: { epoch: 2 },
      });
    }
    interpreter.comeBack();
    await running('knows', { epoch: 2 });
    interpreter.done();
    await settle();
    queue.submit({ ...old, epoch: undefined });
    await settle();
    expect(interpreter.ran).toEqual(['first', 'knows', 'old']);
  });

  test('twice refuses a step that was waiting during the first one', async () => {
    refusalOf(() => submit('refused'));
    const waits = submit('waits');
    interpreter.die();
    expect(waits.result()).toMatchObject({ ...lost, epoch: 3 });
    interpreter.comeBack();
    await running('after');
  });
});

describe('a restart', () => {
  test('cancels the running step, refuses waiting steps, and then runs the next one', async () => {
    const runs = await running('runs');
    const waits = submit('waits');
    const restarting = Promise.all([queue.restart(1), queue.restart(undefined)]);
    interpreter.die();
    interpreter.tellLoss();
    expect(await restarting).toEqual([2, 2]);
    await settle();
    expect(runs.result()).toMatchObject({ ...lost, epoch: 2 });
    expect(waits.result()).toMatchObject({ ...lost, epoch: 2, started_at: null });
    interpreter.comeBack();
    await running('after');
  });

  test('with another epoch has no effect', async () => {
    await expect(queue.restart(2)).rejects.toMatchObject({
      code: 'epoch_mismatch',
      details: { epoch: 1 },
    });
    expect(interpreter.commands).toEqual([]);
  });

  test('is refused if the session ends before its interpreter is back', async () => {
    const refusal = new AppError('session_ended', 'ended', { details: { end_reason: 'crashed' } });
    const restarting = queue.restart(undefined);
    queue.close(refusal);
    interpreter.tellLoss();
    await expect(restarting).rejects.toBe(refusal);
  });

  test('reports the loss of memory by an earlier crash', async () => {
    interpreter.die();
    const restarting = queue.restart(undefined);
    interpreter.die();
    interpreter.tellLoss();
    expect(await restarting).toBe(3);
    interpreter.comeBack();
    await running('after');
  });
});

describe('the end of the session', () => {
  const ended = new AppError('session_ended', 'ended', { details: { end_reason: 'deleted' } });

  test('ends the running and the waiting steps, and refuses new ones', async () => {
    const runs = await running('runs');
    const waits = submit('waits');
    queue.close(ended);
    queue.close(new AppError('session_ended', 'without a reason'));
    expect(runs.result()).toMatchObject({
      status: 'cancelled',
      state_lost: true,
      error: { name: 'SessionEnded' },
    });
    expect(runs.refusal).toBeUndefined();
    expect(waits.result()).toMatchObject({
      status: 'cancelled',
      started_at: null,
      error: { name: 'SessionEnded' },
    });
    expect(waits.refusal).toBe(ended);
    expect(refusalOf(() => submit('late'))).toBe(ended);
    await expect(queue.restart(undefined)).rejects.toBe(ended);
    interpreter.done();
    await settle();
    expect(runs.result()).toMatchObject({ status: 'cancelled' });
    expect(interpreter.ran).toEqual(['runs']);
  });

  test('refuses the waiting steps at the expiry, and lets the running one finish', async () => {
    const runs = await running('runs');
    const waits = submit('waits');
    over = ended;
    expect(refusalOf(() => submit('late'))).toBe(ended);
    interpreter.done();
    await settle();
    expect(runs.status).toBe('completed');
    expect(waits.refusal).toBe(ended);
    expect(interpreter.ran).toEqual(['runs']);
  });

  test('does not prevent a resubmitted step from being found', async () => {
    const request = newRequest({ code: 'runs' });
    const step = queue.submit(request);
    over = ended;
    expect(queue.submit(request)).toBe(step);
  });
});
