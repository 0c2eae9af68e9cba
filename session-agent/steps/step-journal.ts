import { hash } from 'node:crypto';
import type { StepId } from '@steppe/contracts/ids';
import { limits } from '@steppe/contracts/limits';
import type { ForwardedStep } from '@steppe/contracts/step-request';
import { AppError } from '@steppe/service-kit/http/app-error';
import { LRUCache } from 'lru-cache';
import type { Step } from './step.ts';

/** A refusal that is the response of a step which never ran, also when it is sent again. */
interface KeptRefusal {
  requestHash: string;
  refusal: AppError;
}

const rememberedIds = 100_000;

/**
 * What the instance remembers of its steps: so many, and so many bytes. The oldest that has ended
 * is forgotten first; of those the ids are remembered, so that none runs twice.
 */
export class StepJournal {
  readonly #steps = new Map<StepId, Step>();
  // Not `max`, which would take room for all of them at once, in every agent.
  readonly #forgotten = new LRUCache<StepId, true>({
    maxSize: rememberedIds,
    sizeCalculation: () => 1,
  });
  readonly #refusals = new LRUCache<StepId, KeptRefusal>({
    max: limits.journalSteps,
    dispose: (_, id, why) => void (why === 'evict' && this.#forgotten.set(id, true)),
  });
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number = limits.journalBytes) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The step that was submitted under the same id before; none where that was refused, and the
   * request names the epoch that the interpreter is at now: it runs anew.
   * @throws AppError `step_conflict` where it was another request, or its result is no longer held;
   * the refusal that was kept under its id otherwise.
   */
  find(request: ForwardedStep, requestHash: string, epoch: number): Step | undefined {
    const id = request.step_id;
    const known = this.#steps.get(id) ?? this.#refusals.get(id);
    if (known && known.requestHash !== requestHash) {
      throw new AppError(
        'step_conflict',
        `the step ${id} was submitted before with another request; send this one under another step_id`,
        {
          details: { reason: 'different_request' },
        },
      );
    }
    if (this.#forgotten.has(id)) {
      throw new AppError(
        'step_conflict',
        `the step ${id} was submitted before and its result is no longer kept`,
        {
          details: { reason: 'forgotten' },
        },
      );
    }
    if (known?.refusal && request.epoch === epoch) return undefined;
    if (known === undefined || 'status' in known) return known;
    throw known.refusal;
  }

  keepRefusal(id: StepId, kept: KeptRefusal): void {
    this.#refusals.set(id, kept);
  }

  /** Takes the place of one that was refused under the same id. */
  add(step: Step): void {
    this.#refusals.delete(step.id);
    const refused = this.#steps.get(step.id);
    if (refused) this.#remove(refused);
    this.#steps.set(step.id, step);
    this.#bytes += step.bytes;
    step.onGrowth = (bytes) => {
      this.#bytes += bytes;
      this.#makeRoom();
    };
    this.#makeRoom();
  }

  /** @throws AppError `step_not_found`, with `details.reason` `forgotten` where there was one */
  get(stepId: string): Step {
    // Whatever is no id is no key either.
    const id = stepId as StepId;
    const step = this.#steps.get(id);
    if (step) return step;
    throw new AppError('step_not_found', `this session has no step ${stepId}`, {
      ...(this.#forgotten.has(id) && { details: { reason: 'forgotten' } }),
    });
  }

  /** Newest first. */
  list(): Step[] {
    return [...this.#steps.values()].reverse();
  }

  #makeRoom(): void {
    if (this.#steps.size <= limits.journalSteps && this.#bytes <= this.#maxBytes) return;
    for (const step of this.#steps.values()) {
      if (!step.hasEnded) continue;
      this.#forget(step);
      if (this.#steps.size <= limits.journalSteps && this.#bytes <= this.#maxBytes) return;
    }
  }

  #forget(step: Step): void {
    this.#remove(step);
    this.#forgotten.set(step.id, true);
    step.forget();
  }

  #remove(step: Step): void {
    this.#steps.delete(step.id);
    this.#bytes -= step.bytes;
    step.onGrowth = () => {};
  }
}

/** Two requests under one id are the same step when these are equal. */
export const hashRequest = ({ code, env, cwd, timeout_ms }: ForwardedStep): string =>
  hash('sha256', JSON.stringify([code, Object.entries(env).sort(), cwd ?? null, timeout_ms]));
