import { hash } from 'node:crypto';
import type { StepId } from '@steppe/contracts/ids';
import { limits } from '@steppe/contracts/limits';
import type { ForwardedStep } from '@steppe/contracts/step';
import { AppError } from '@steppe/service-kit/app-error';
import { LRUCache } from 'lru-cache';
import type { Step } from './step.ts';

/** What the instance remembers of its steps; the oldest that has ended is forgotten first. */
export class StepJournal {
  readonly #steps = new Map<string, Step>();
  readonly #refusals = new LRUCache<string, AppError>({ max: limits.journalSteps });
  readonly #forgotten = new LRUCache<string, true>({ max: 100_000 });

  /**
   * The step that was submitted under the same id before.
   * @throws AppError `step_conflict` where it was another request, or its result is no longer held.
   */
  find(request: ForwardedStep): Step | undefined {
    const known = this.#steps.get(request.step_id);
    if (known) {
      if (known.requestHash === hashRequest(request)) return known;
      throw new AppError('step_conflict', `the step ${request.step_id} was submitted before with another request`, {
        details: { reason: 'different_request' },
      });
    }
    if (this.#forgotten.has(request.step_id)) {
      throw new AppError('step_conflict', `the step ${request.step_id} ran before, and its result is no longer held`, {
        details: { reason: 'forgotten' },
      });
    }
    return undefined;
  }

  /** The refusal that was given under this id and holds for the same step sent again. */
  refusal(stepId: StepId): AppError | undefined {
    return this.#refusals.get(stepId);
  }

  rememberRefusal(stepId: StepId, refusal: AppError): void {
    this.#refusals.set(stepId, refusal);
  }

  add(step: Step): void {
    this.#refusals.delete(step.request.step_id);
    this.#steps.set(step.request.step_id, step);
    if (this.#steps.size <= limits.journalSteps) return;
    for (const [id, { status }] of this.#steps) {
      if (status === 'queued' || status === 'running') continue;
      this.#steps.delete(id);
      this.#forgotten.set(id, true);
      return;
    }
  }

  /** @throws AppError `step_not_found` */
  get(stepId: string): Step {
    const step = this.#steps.get(stepId);
    if (!step) throw new AppError('step_not_found', `this session remembers no step ${stepId}`);
    return step;
  }

  /** Newest first. */
  list(): Step[] {
    return [...this.#steps.values()].reverse();
  }
}

/** Two requests under one id are the same step when these are equal. */
export const hashRequest = ({ code, env, cwd, timeout_ms }: ForwardedStep): string =>
  hash('sha256', JSON.stringify([code, Object.entries(env).sort(), cwd ?? null, timeout_ms]));
