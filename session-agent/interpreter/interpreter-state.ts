import type { AgentState } from '@steppe/contracts/internal';
import { type Deferred, deferred } from '../deferred.ts';
import type { Worker } from './worker.ts';

/**
 * Why a worker is killed. Only `replace` keeps the epoch: the worker has run nothing, and another
 * one replaces it.
 */
type KillPurpose = 'terminate' | 'replace' | 'protocol_error';

/** The states of the interpreter before it is closed. */
export type OpenState =
  /** `waiting` for a supervisor, `preparing` the next worker, `draining` the last one's output. */
  | { name: 'starting' | 'dead'; worker?: undefined; phase: 'waiting' | 'preparing' | 'draining' }
  /** The supervisor has the command to spawn the worker, which has not connected yet. */
  | { name: 'starting'; worker: Worker }
  | { name: 'idle'; worker: Worker }
  | { name: 'running' | 'interrupting'; worker: Worker; stepId: string }
  | { name: 'killing'; worker: Worker; purpose: KillPurpose };

type State = OpenState | { name: 'closing'; last: OpenState };

/**
 * The state of the interpreter: `starting → idle ⇄ running → interrupting → idle`, from each of
 * them `→ killing → dead → starting`. `closing` is terminal: it wraps the last state, which still
 * changes while the worker exits.
 */
export class InterpreterState {
  #state: State = { name: 'starting', phase: 'waiting' };
  /** Set while anybody waits for a change. */
  #changed: Deferred<void> | undefined;

  get name(): AgentState['state'] {
    return this.#state.name;
  }

  /** The state, or the one that `closing` wraps. */
  get open(): OpenState {
    return this.#state.name === 'closing' ? this.#state.last : this.#state;
  }

  get worker(): Worker | undefined {
    return this.open.worker;
  }

  get isClosing(): boolean {
    return this.#state.name === 'closing';
  }

  moveTo(next: OpenState): void {
    this.#state = this.#state.name === 'closing' ? { name: 'closing', last: next } : next;
    this.#notify();
  }

  close(): void {
    this.#state = { name: 'closing', last: this.open };
    this.#notify();
  }

  /** Resolves once `condition` holds after a change, or holds now. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#changed ??= deferred();
      await this.#changed.promise;
    }
  }

  #notify(): void {
    const changed = this.#changed;
    this.#changed = undefined;
    changed?.resolve();
  }
}
