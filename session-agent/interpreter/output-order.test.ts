import type { OutputStream } from '@steppe/contracts/step';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asRawJson } from '../protocol/raw-json.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { OutputOrder, turnLimitMs } from './output-order.ts';

const streams = ['stdout', 'stderr'] as const;
const displayOf = (text: string) => ({
  bundle: asRawJson(text),
  is_main_result: false,
  truncated: false,
});

function open() {
  const passed: string[] = [];
  const { clock, passTo } = manualClock();
  const sink = {
    output: (_: OutputStream, bytes: Buffer) => void passed.push(bytes.toString()),
    display: ({ bundle }: { bundle: string }) => void passed.push(bundle),
    clearOutput: (wait: boolean) => void passed.push(`clear ${wait}`),
  };
  const order = new OutputOrder(sink, clock);
  const write = (stream: OutputStream, text: string) => order.write(stream, Buffer.from(text));
  const waitFor = (ms: number) => passTo(clock.monotonicMs() / 1000 + ms / 1000);
  return { order, passed, write, waitFor };
}

/** What a driver does in turn, and on which of its three channels each part of it arrives. */
type Action = OutputStream | 'display';
type Arrival = (opened: ReturnType<typeof open>) => void;
function arrivals(actions: readonly Action[]): Record<Action, Arrival[]> {
  const arriving: Record<Action, Arrival[]> = { stdout: [], stderr: [], display: [] };
  let [turn, shown] = [0, 0];
  let current: OutputStream | undefined;
  const mark = () => {
    turn += 1;
    const [own, ownShown] = [turn, shown];
    for (const stream of streams)
      arriving[stream].push(({ order }) => order.turned(stream, own, ownShown));
  };
  for (const [index, action] of actions.entries()) {
    if (action === 'display') {
      shown += 1;
      arriving.display.push(({ order }) => order.display(displayOf(`${index}`)));
      mark();
      current = undefined;
    } else {
      if (current && current !== action) mark();
      current = action;
      arriving[action].push(({ write }) => write(action, `${index}`));
    }
  }
  return arriving;
}

test('passes on in the order of the driver, however the channels arrive', () => {
  const action = fc.constantFrom<Action>('stdout', 'stderr', 'display');
  const property = fc.property(
    fc.array(action, { maxLength: 30 }),
    fc.infiniteStream(fc.constantFrom<Action>('stdout', 'stderr', 'display')),
    (actions, picks) => {
      const opened = open();
      const left = arrivals(actions);
      while (Object.values(left).some((channel) => channel.length > 0)) {
        const picked: Action = picks.next().value;
        left[picked].shift()?.(opened);
      }
      // Everything is complete without the end of the step.
      expect(opened.passed).toEqual(actions.map((_, index) => `${index}`));
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test('passes on output at once while there is no turn', () => {
  const { passed, write } = open();
  write('stdout', 'a');
  write('stderr', 'b');
  expect(passed).toEqual(['a', 'b']);
});

test('a clear keeps its place between displays', () => {
  const { order, passed } = open();
  order.display(displayOf('a'));
  order.clearOutput(true);
  order.display(displayOf('b'));
  order.finish();
  expect(passed).toEqual(['a', 'clear true', 'b']);
});

test('a display that precedes no turn comes last', () => {
  const { order, passed, write } = open();
  order.display(displayOf('main'));
  write('stdout', 'a');
  expect(passed).toEqual(['a']);
  order.finish();
  expect(passed).toEqual(['a', 'main']);
  order.display(displayOf('late'));
  write('stderr', 'late too');
  expect(passed).toEqual(['a', 'main', 'late', 'late too']);
});

test.each([
  ['a turn on one stream alone', 7, 0],
  ['a display that never comes', 1, 3],
])('%s delays output for a while, and not what follows', (_, turn, shown) => {
  const { order, passed, write, waitFor } = open();
  order.turned('stdout', turn, shown);
  if (shown > 0) order.turned('stderr', turn, shown);
  write('stdout', 'a');
  order.display(displayOf('shown'));
  expect(passed).toEqual([]);
  waitFor(turnLimitMs);
  expect([...passed].sort()).toEqual(['a', 'shown']);
  write('stderr', 'b');
  write('stdout', 'c');
  expect(passed.slice(2)).toEqual(['b', 'c']);
});

test('keeps the order for longer than the limit while turns become complete', () => {
  const { order, passed, write, waitFor } = open();
  for (let turn = 1; turn <= 6; turn += 1) {
    order.turned('stdout', turn, 0);
    write('stdout', `${turn}`);
    if (turn > 1) order.turned('stderr', turn - 1, 0);
    waitFor(turnLimitMs / 2);
  }
  expect(passed).toEqual(['1', '2', '3', '4', '5']);
});

test('holds neither much output nor many turns', () => {
  const { order, passed, write } = open();
  order.turned('stdout', 1, 0);
  for (let piece = 0; piece < 20; piece += 1) write('stdout', 'x'.repeat(1024 * 1024));
  expect(passed.length).toBeGreaterThan(10);
  for (let turn = 2; turn < 100_000; turn += 1) order.turned('stderr', turn, 9);
  order.finish();
  expect(passed).toHaveLength(20);
});
