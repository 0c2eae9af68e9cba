import fc from 'fast-check';

/**
 * What a client does next, or which fault occurs. `which` selects one of the steps that were sent.
 */
export type Action =
  | { do: 'step'; shape: 'short' | 'chatty' | 'endless'; namesEpoch: boolean }
  | { do: 'resubmit' | 'conflict' | 'cancel' | 'settle'; which: number }
  /**
   * Resumes the step's events after the last one seen, and disconnects after so many milliseconds.
   */
  | { do: 'follow'; which: number; ms: number }
  | { do: 'restart' }
  | { do: 'kill'; role: 'worker' | 'supervisor' };

const which = fc.nat({ max: 9 });
const step = fc.record({
  do: fc.constant('step' as const),
  shape: fc.constantFrom(
    'short' as const,
    'short' as const,
    'chatty' as const,
    'chatty' as const,
    'endless' as const,
  ),
  namesEpoch: fc.boolean(),
});

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: step },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resubmit' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('conflict' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('follow' as const), which, ms: fc.nat({ max: 60 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('kill' as const),
      role: fc.constant('worker' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('kill' as const),
      role: fc.constant('supervisor' as const),
    }),
  },
);

/** Fewer steps than the queue holds. */
export const actions = fc.array(action, { minLength: 3, maxLength: 14 });
