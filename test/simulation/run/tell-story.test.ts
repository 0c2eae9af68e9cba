import { expect, test } from 'vitest';
import type { Fact } from '../history/history.ts';
import { tellStory } from './tell-story.ts';

const fact = (atMs: number, who: string, what: string): Fact => ({ atMs, who, what });
const run = { stepId: 'stp_1', wanted: 'a', actual: 'a', mark: 'm', instanceId: 'ins_1', epoch: 1 };
const violation = { rule: 'step-runs-once', what: 'stp_1 of ses_1 ran 2 times' } as const;
const storyOf = (...facts: Fact[]) =>
  tellStory({ facts, runs: [run], terminalRows: [] }, [violation]);

test('tells what happened to the ids of a violation, and the faults of that time', () => {
  const story = storyOf(
    fact(1, 'network', 'reset'),
    fact(5_000, 'tenant1', 'POST /v1/sessions/ses_1/steps 200'),
    fact(5_001, 'tenant2', 'POST /v1/sessions/ses_2/steps 200'),
    fact(5_002, 'table', 'throttled'),
    fact(5_002, 'table', 'throttled'),
    fact(5_003, 'world', 'ins_1 is evicted'),
    fact(6_000, 'step-runs-once', 'stp_1 of ses_1 ran 2 times'),
    fact(7_000, 'network', 'reset'),
  );
  expect(story).toEqual([
    '    5.000  tenant1: POST /v1/sessions/ses_1/steps 200',
    '    5.002  table: throttled (2 times)',
    '    5.003  world: ins_1 is evicted',
    '    6.000  step-runs-once: stp_1 of ses_1 ran 2 times',
  ]);
});

test('keeps the end of a long story', () => {
  const facts = Array.from({ length: 200 }, (_, at) => fact(at, 'tenant1', `stp_1 ${at}`));
  const story = storyOf(...facts);
  expect(story).toHaveLength(151);
  expect([story[0], story.at(-1)]).toEqual([
    '(50 earlier facts left out)',
    '    0.199  tenant1: stp_1 199',
  ]);
});
