import type { SessionId } from '@steppe/contracts/ids';
import type { BindRequest } from '@steppe/contracts/internal';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { StepInterpreter } from '../interpreter/step-interpreter.ts';
import type { SessionSpool } from '../spool/session-spool.ts';
import type { BackgroundOutput } from '../steps/background.ts';
import { StepJournal } from '../steps/step-journal.ts';
import type { StepLimits } from '../steps/step-limits.ts';
import { StepQueue } from '../steps/step-queue.ts';
import type { SessionLifetime } from './session-lifetime.ts';

/** The one session that this instance serves after its bind. */
export interface Session {
  sessionId: SessionId;
  journal: StepJournal;
  queue: StepQueue;
}

interface BindingOptions {
  interpreter: StepInterpreter & {
    /** Sets variables for the worker and its successors. Resolves when a worker has them. */
    configure(env: Record<string, string>): Promise<void>;
  };
  background: BackgroundOutput;
  spool: SessionSpool;
  lifetime: SessionLifetime;
  clock: Clock;
  limits: StepLimits;
}

/** Unbound at first, then bound to one session for the rest of its life. */
export class Binding {
  readonly #options: BindingOptions;
  #session: Session | undefined;

  constructor(options: BindingOptions) {
    this.#options = options;
  }

  get bound(): Session | undefined {
    return this.#session;
  }

  /**
   * Resolves when the interpreter has the session's variables.
   * @throws AppError `already_bound`, or `start_failed` if the interpreter does not start with them.
   */
  async bind(request: BindRequest): Promise<void> {
    if (this.#session)
      throw new AppError('already_bound', 'this instance already serves a session');
    const { lifetime, limits, ...parts } = this.#options;
    const journal = new StepJournal(limits.journalBytes);
    const sessionId = request.session_id;
    const queue = new StepQueue({
      ...parts,
      sessionId,
      journal,
      limits,
      expiry: () => lifetime.refusal(),
      onQueued: ({ ended }) => lifetime.inUseUntil(ended.promise),
      onBegin: () => lifetime.stepBegan(),
      onEnd: () => lifetime.stepEnded(),
    });
    this.#session = { sessionId, journal, queue };
    lifetime.start({
      expires_at: request.expires_at,
      idle_timeout_seconds: request.idle_timeout_seconds,
    });
    await parts.interpreter.configure(request.env);
  }

  /** @throws AppError `misdirected` unless bound to this session. */
  session(sessionId: SessionId | undefined): Session {
    if (this.#session && sessionId === this.#session.sessionId) return this.#session;
    throw new AppError('misdirected', 'this instance does not serve that session');
  }
}
