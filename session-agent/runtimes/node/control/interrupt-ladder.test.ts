import { expect, it } from 'vitest';
import { createStepGate } from '../step-gate.ts';
import { createInterruptLadder } from './interrupt-ladder.ts';

const step = { step_id: 'stp_1', nonce: 'n' };

function createLadder() {
  const actions: string[] = [];
  const rungs: { delayMs: number; action: () => unknown }[] = [];
  const gate = createStepGate();
  let unwound = (): void => undefined;
  const ladder = createInterruptLadder({
    gate,
    abandon: () => actions.push('abandon'),
    signal: () => actions.push('signal'),
    terminate: (onUnwound) => {
      actions.push('terminate');
      unwound = onUnwound;
    },
    children: {
      stepBegins: () => undefined,
      interrupt: () => actions.push('SIGINT to the other children'),
      signalAwaited: (name) => actions.push(`${name} to the child`),
    },
    acknowledge: (stepId) => actions.push(`acknowledge ${stepId}`),
    schedule: (delayMs, action) => {
      const rung = { delayMs, action };
      rungs.push(rung);
      return () => rungs.splice(rungs.indexOf(rung), 1);
    },
  });
  const climbTo = (limitMs: number): void => {
    for (const rung of rungs.filter(({ delayMs }) => delayMs <= limitMs)) rung.action();
  };
  return { ladder, actions, rungs, gate, climbTo, unwind: () => unwound() };
}

it('acknowledges immediately for a step that does not run', () => {
  const { ladder, actions } = createLadder();
  ladder.interrupt('stp_1');
  expect(actions).toEqual(['acknowledge stp_1']);
});

it('climbs once, however often it is requested, and acknowledges each request', () => {
  const { ladder, actions, rungs } = createLadder();
  ladder.began(step);
  ladder.interrupt('stp_1');
  const { length } = rungs;
  ladder.interrupt('stp_1');
  expect(rungs).toHaveLength(length);
  ladder.ended('stp_1', false);
  expect(actions).toEqual(['abandon', 'acknowledge stp_1', 'acknowledge stp_1']);
});

it('signals what an interrupted step has started before it acknowledges', () => {
  const { ladder, actions } = createLadder();
  ladder.began(step);
  ladder.interrupt('stp_1');
  ladder.ended('stp_1', true);
  expect(actions).toEqual(['abandon', 'SIGINT to the other children', 'acknowledge stp_1']);
});

it('stops at the first rung for a step that can be abandoned', () => {
  const { ladder, actions, rungs } = createLadder();
  ladder.began(step);
  ladder.interrupt('stp_1');
  ladder.ended('stp_1', false);
  expect(actions).toEqual(['abandon', 'acknowledge stp_1']);
  expect(rungs).toEqual([]);
});

it('signals code before its first await once, and terminates it if that does not end it', () => {
  const { ladder, actions, gate, climbTo, unwind } = createLadder();
  ladder.began(step);
  ladder.interrupt('stp_1');
  gate.callSynchronously(() => {
    climbTo(60);
    climbTo(60);
    expect(actions).toEqual(['abandon', 'signal']);
    climbTo(1500);
    expect(actions).toEqual(['abandon', 'signal', 'terminate']);
    unwind();
  });
});

it('terminates code after an await, repeatedly if it continues, and acknowledges its end', () => {
  const { ladder, actions, gate, climbTo, unwind } = createLadder();
  ladder.began(step);
  gate.open();
  ladder.interrupt('stp_1');
  climbTo(60);
  expect(actions).toEqual(['abandon']);
  climbTo(160);
  climbTo(300);
  expect(actions).toEqual(['abandon', 'terminate']);
  unwind();
  climbTo(160);
  unwind();
  ladder.ended('stp_1', false);
  expect(actions).toEqual([
    'abandon',
    'terminate',
    'abandon',
    'terminate',
    'abandon',
    'acknowledge stp_1',
  ]);
});

it('ends the wait for a child once the code after it cannot run', () => {
  for (const isSynchronous of [true, false]) {
    const { ladder, actions, gate, climbTo } = createLadder();
    ladder.began(step);
    gate.open();
    ladder.interrupt('stp_1');
    const wait = (): void =>
      gate.awaitChild(() => {
        climbTo(60);
        expect(actions).toEqual(
          isSynchronous ? ['abandon', 'signal', 'SIGINT to the child'] : ['abandon'],
        );
        climbTo(160);
        climbTo(610);
        expect(actions.slice(-2)).toEqual(['SIGINT to the child', 'SIGKILL to the child']);
        gate.open();
      });
    if (isSynchronous) gate.callSynchronously(wait);
    else wait();
  }
});

it('does not interrupt the driver itself', () => {
  const { ladder, actions, gate, climbTo } = createLadder();
  ladder.began(step);
  gate.close();
  ladder.interrupt('stp_1');
  climbTo(1500);
  expect(actions).toEqual(['abandon']);
});
