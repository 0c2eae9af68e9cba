import { expect, it } from 'vitest';
import { createStepGate } from '../step-gate.ts';
import { createInterruptLadder } from './interrupt-ladder.ts';

const step = { step_id: 'stp_1', nonce: 'n' };

function createLadder() {
  const acts: string[] = [];
  const rungs: { delayMs: number; act: () => unknown }[] = [];
  const gate = createStepGate();
  let unwound = (): void => undefined;
  const ladder = createInterruptLadder({
    gate,
    abandon: () => acts.push('abandon'),
    signal: () => acts.push('signal'),
    terminate: (onUnwound) => {
      acts.push('terminate');
      unwound = onUnwound;
    },
    signalChild: (name) => acts.push(`${name} to the child`),
    answer: (stepId) => acts.push(`answer ${stepId}`),
    schedule: (delayMs, act) => {
      const rung = { delayMs, act };
      rungs.push(rung);
      return () => rungs.splice(rungs.indexOf(rung), 1);
    },
  });
  const climbTo = (limitMs: number): void => {
    for (const rung of rungs.filter(({ delayMs }) => delayMs <= limitMs)) rung.act();
  };
  return { ladder, acts, rungs, gate, climbTo, unwind: () => unwound() };
}

it('answers at once for a step that does not run', () => {
  const { ladder, acts } = createLadder();
  ladder.interrupt('stp_1');
  expect(acts).toEqual(['answer stp_1']);
});

it('climbs once, however often it is asked, and answers each', () => {
  const { ladder, acts, rungs } = createLadder();
  ladder.began(step);
  ladder.interrupt('stp_1');
  const { length } = rungs;
  ladder.interrupt('stp_1');
  expect(rungs).toHaveLength(length);
  ladder.ended('stp_1');
  expect(acts).toEqual(['abandon', 'answer stp_1', 'answer stp_1']);
});

it('goes no further for a step that can be abandoned', () => {
  const { ladder, acts, rungs } = createLadder();
  ladder.began(step);
  ladder.interrupt('stp_1');
  ladder.ended('stp_1');
  expect(acts).toEqual(['abandon', 'answer stp_1']);
  expect(rungs).toEqual([]);
});

it('signals code before its first await, once, and terminates it where that does not end it', () => {
  const { ladder, acts, gate, climbTo, unwind } = createLadder();
  ladder.began(step);
  ladder.interrupt('stp_1');
  gate.callSynchronously(() => {
    climbTo(60);
    climbTo(60);
    expect(acts).toEqual(['abandon', 'signal']);
    climbTo(1500);
    expect(acts).toEqual(['abandon', 'signal', 'terminate']);
    unwind();
  });
});

it('terminates code after an await, again if it goes on, and answers when it is done', () => {
  const { ladder, acts, gate, climbTo, unwind } = createLadder();
  ladder.began(step);
  gate.open();
  ladder.interrupt('stp_1');
  climbTo(60);
  expect(acts).toEqual(['abandon']);
  climbTo(160);
  climbTo(300);
  expect(acts).toEqual(['abandon', 'terminate']);
  unwind();
  climbTo(160);
  unwind();
  ladder.ended('stp_1');
  expect(acts).toEqual(['abandon', 'terminate', 'abandon', 'terminate', 'abandon', 'answer stp_1']);
});

it('ends the wait for a child once the code after it cannot run', () => {
  for (const isSynchronous of [true, false]) {
    const { ladder, acts, gate, climbTo } = createLadder();
    ladder.began(step);
    gate.open();
    ladder.interrupt('stp_1');
    const wait = (): void =>
      gate.awaitChild(() => {
        climbTo(60);
        expect(acts).toEqual(isSynchronous ? ['abandon', 'signal', 'SIGINT to the child'] : ['abandon']);
        climbTo(160);
        climbTo(610);
        expect(acts.slice(-2)).toEqual(['SIGINT to the child', 'SIGKILL to the child']);
        gate.open();
      });
    if (isSynchronous) gate.callSynchronously(wait);
    else wait();
  }
});

it('touches nothing while the driver itself is at work', () => {
  const { ladder, acts, gate, climbTo } = createLadder();
  ladder.began(step);
  gate.close();
  ladder.interrupt('stp_1');
  climbTo(1500);
  expect(acts).toEqual(['abandon']);
});
