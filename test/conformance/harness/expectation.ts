import type { Language } from '@steppe/contracts/session';
import type { StepResult, StepStatus } from '@steppe/contracts/step';
import type { ResultBundle } from '@steppe/contracts/step-output';
import { expect } from 'vitest';
import type { PerLanguage } from './languages.ts';

type Pattern = string | RegExp;
/** One text for all languages, or one per language if they differ by nature. */
type Text = Pattern | PerLanguage<Pattern>;

/**
 * The expected result of a step. A field that is left out must be as in a step that completes
 * without output.
 */
export interface Expected {
  status?: StepStatus;
  stdout?: Text;
  stderr?: Text;
  /** `text/plain` of the last expression's value. If left out, the step must have no value. */
  value?: Text;
  /** The displayed bundles in order; each must have at least these keys. */
  displayed?: readonly Record<string, unknown>[];
  error?: { name: Text; message?: Text; traceback?: Text };
  truncated?: Partial<StepResult['truncated']>;
  background?: { stdout?: Text; stderr?: Text; errors?: readonly { name: Text; message?: Text }[] };
  stateLost?: boolean;
  epoch?: number;
}

/** Compares the whole result at once, so that a failure shows all of it. */
export function expectResult(result: StepResult, expected: Expected, language: Language): void {
  const text = (given: Text): unknown => matcher(isPattern(given) ? given : given[language]);
  const { error, background } = expected;
  expect(observe(result)).toEqual({
    status: expected.status ?? (error ? 'failed' : 'completed'),
    stdout: text(expected.stdout ?? ''),
    stderr: text(expected.stderr ?? ''),
    value: expected.value === undefined ? undefined : text(expected.value),
    displayed: (expected.displayed ?? []).map((bundle) => expect.objectContaining(bundle)),
    error: error
      ? {
          name: text(error.name),
          message: text(error.message ?? /(?:)/),
          traceback: text(error.traceback ?? /(?:)/),
        }
      : null,
    truncated: { stdout: false, stderr: false, results: false, ...expected.truncated },
    background: background
      ? {
          stdout: text(background.stdout ?? ''),
          stderr: text(background.stderr ?? ''),
          errors: (background.errors ?? []).map(({ name, message = /(?:)/ }) =>
            expect.objectContaining({ name: text(name), message: text(message) }),
          ),
        }
      : null,
    state_lost: expected.stateLost ?? false,
    epoch: expected.epoch ?? 1,
  });
}

/** The value of the last expression, as text. */
export const mainValue = (result: StepResult): unknown =>
  result.results.find(isMain)?.['text/plain'];

const isMain = (bundle: ResultBundle): boolean => bundle.is_main_result === true;

const observe = (result: StepResult) => ({
  status: result.status,
  stdout: result.stdout,
  stderr: result.stderr,
  value: mainValue(result),
  displayed: result.results.filter((bundle) => !isMain(bundle)),
  error: result.error && { ...result.error, traceback: result.error.traceback.join('\n') },
  truncated: result.truncated,
  background: result.background,
  state_lost: result.state_lost,
  epoch: result.epoch,
});

const isPattern = (given: Text): given is Pattern =>
  typeof given === 'string' || given instanceof RegExp;

const matcher = (pattern: Pattern): unknown =>
  typeof pattern === 'string' ? pattern : expect.stringMatching(pattern);
