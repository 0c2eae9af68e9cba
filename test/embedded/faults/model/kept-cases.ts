import type { Action } from './actions.ts';

/**
 * Interleavings that once failed or nearly failed; they run before the random ones. When a random
 * case fails, the test prints it in this form: add it here.
 */
export const keptCases: { what: string; actions: Action[] }[] = [
  {
    what: 'the worker dies under a step, and others wait',
    actions: [
      { do: 'step', shape: 'endless', namesEpoch: false },
      { do: 'step', shape: 'short', namesEpoch: false },
      { do: 'step', shape: 'short', namesEpoch: true },
      { do: 'kill', role: 'worker' },
      { do: 'step', shape: 'short', namesEpoch: false },
      { do: 'resubmit', which: 1 },
      { do: 'settle', which: 0 },
      { do: 'step', shape: 'chatty', namesEpoch: true },
    ],
  },
  {
    what: 'the memory is lost between two steps, and the refused one is sent again',
    actions: [
      { do: 'step', shape: 'short', namesEpoch: false },
      { do: 'settle', which: 0 },
      { do: 'kill', role: 'worker' },
      { do: 'step', shape: 'short', namesEpoch: false },
      { do: 'resubmit', which: 1 },
      { do: 'step', shape: 'short', namesEpoch: true },
      { do: 'cancel', which: 1 },
    ],
  },
  {
    what: 'a loss is reported by an epoch_mismatch first',
    actions: [
      { do: 'kill', role: 'supervisor' },
      { do: 'step', shape: 'chatty', namesEpoch: true },
      { do: 'settle', which: 0 },
      { do: 'kill', role: 'worker' },
      { do: 'step', shape: 'short', namesEpoch: false },
      { do: 'step', shape: 'chatty', namesEpoch: false },
      { do: 'kill', role: 'supervisor' },
    ],
  },
  {
    what: 'a restart comes while the supervisor is down',
    actions: [
      { do: 'step', shape: 'chatty', namesEpoch: false },
      { do: 'kill', role: 'supervisor' },
      { do: 'restart' },
      { do: 'step', shape: 'chatty', namesEpoch: true },
      { do: 'follow', which: 1, ms: 20 },
      { do: 'follow', which: 1, ms: 20 },
    ],
  },
];
