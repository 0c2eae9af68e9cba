import fc from 'fast-check';

/** What a client, or fate, does next. `which` names one of the steps that were sent so far. */
export type Action =
  | { do: 'step'; shape: 'short' | 'chatty' | 'endless'; namesEpoch: boolean }
  | { do: 'resubmit' | 'conflict' | 'cancel' | 'settle'; which: number }
  /**
   * Resumes the step's events after the last that was seen, and leaves when so many ms are over.
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

/** Fewer steps than may wait at once. */
export const actions = fc.array(action, { minLength: 3, maxLength: 14 });
