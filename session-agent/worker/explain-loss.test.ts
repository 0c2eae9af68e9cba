import { expect, test } from 'vitest';
import { explainLoss } from './explain-loss.ts';
import type { ExitFrame } from './worker.ts';

const silent: ExitFrame = { type: 'exit', epoch: 1, code: null, signal: null, reason: null, detail: '' };

test.each([
  [{ signal: 'SIGSEGV' }, 'the interpreter ended by SIGSEGV; its memory is lost'],
  [{ code: 3 }, 'the interpreter ended with exit code 3; its memory is lost'],
  [{ detail: 'its supervisor was gone' }, 'the interpreter ended: its supervisor was gone; its memory is lost'],
  [{}, 'the interpreter ended without a word; its memory is lost'],
])('a loss by %j is told in a sentence', (how, message) => {
  expect(explainLoss({ ...silent, ...how }, undefined)).toMatchObject({ name: 'WorkerCrashed', message });
});
