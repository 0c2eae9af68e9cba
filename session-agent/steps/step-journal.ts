import { hash } from 'node:crypto';
import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { StepId } from '@steppe/contracts/ids';
import { limits } from '@steppe/contracts/limits';
import type { ForwardedStep } from '@steppe/contracts/step-request';
import { AppError } from '@steppe/service-kit/http/app-error';
import { LRUCache } from 'lru-cache';
import type { Step } from './step.ts';

/** The response to a step that never ran, repeated when the step is sent again. */
interface KeptRefusal {
  requestHash: string;
  refusal: AppError;
}

const rememberedIds = 100_000;

/**
 * The steps that the instance remembers, limited by number and by bytes. The oldest step that has
 * ended is forgotten first; its id is kept, so that no step runs twice.
 */
export class StepJournal {
  readonly #steps = new Map<StepId, Step>();
  // Not `max`, which would allocate memory for all of them at once, in every agent.
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
   * The step that was submitted with the same id before. Undefined if that was refused and the
   * request now names the interpreter's current epoch: the step may run.
   * @throws AppError `step_conflict` if it was another request, or its result is forgotten;
   * otherwise the refusal that was kept for its id.
   */
  find(request: ForwardedStep, requestHash: string, epoch: number): Step | undefined {
    const id = request.step_id;
    const known = this.#steps.get(id) ?? this.#refusals.get(id);
    if (known && known.requestHash !== requestHash) {
      throw new AppError('step_conflict', errorMessages.step_conflict(id), {
        details: { reason: 'different_request' },
      });
    }
    if (this.#forgotten.has(id)) {
      throw new AppError(
        'step_conflict',
        `the step ${id} was submitted before, and its result is no longer available`,
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

  /** Replaces a step that was refused with the same id. */
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

  /** @throws AppError `step_not_found`, with `details.reason` `forgotten` if there was one */
  get(stepId: string): Step {
    // Text that is not a step id is not a key of these maps either.
    const id = stepId as StepId;
    const step = this.#steps.get(id);
    if (step) return step;
    throw new AppError('step_not_found', errorMessages.step_not_found(stepId), {
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

/** Two requests with one id are the same step if their hashes are equal. */
export const hashRequest = ({ code, env, cwd, timeout_ms }: ForwardedStep): string =>
  hash('sha256', JSON.stringify([code, Object.entries(env).sort(), cwd ?? null, timeout_ms]));
