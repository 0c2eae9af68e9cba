import type { SessionId } from '@steppe/contracts/ids';
import type { BindRequest } from '@steppe/contracts/internal';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Interpreter } from '../interpreter/interpreter.ts';
import type { BackgroundOutput } from '../steps/background.ts';
import { StepJournal } from '../steps/step-journal.ts';
import type { StepLimits } from '../steps/step-limits.ts';
import { StepQueue } from '../steps/step-queue.ts';
import type { LifetimeClock } from './lifetime-clock.ts';

/** The one session that this instance serves, from its bind on. */
export interface Session {
  sessionId: SessionId;
  journal: StepJournal;
  queue: StepQueue;
}

interface BindingOptions {
  interpreter: Interpreter;
  background: BackgroundOutput;
  clock: LifetimeClock;
  limits: StepLimits;
}

/** Unbound, then bound to one session for good. */
export class Binding {
  readonly #options: BindingOptions;
  #session: Session | undefined;

  constructor(options: BindingOptions) {
    this.#options = options;
  }

  get bound(): Session | undefined {
    return this.#session;
  }

  /** @throws AppError `already_bound` */
  bind(request: BindRequest): void {
    if (this.#session)
      throw new AppError('already_bound', 'this instance serves a session already');
    const { clock, limits, ...parts } = this.#options;
    const journal = new StepJournal(limits.journalBytes);
    const sessionId = request.session_id;
    const queue = new StepQueue({
      ...parts,
      sessionId,
      journal,
      limits,
      timeOver: () => clock.refusal(),
      onTaken: ({ ended }) => clock.inUseUntil(ended.promise),
      onBegin: () => clock.stepBegan(),
      onEnd: () => clock.stepEnded(),
    });
    this.#session = { sessionId, journal, queue };
    parts.interpreter.configure(request.env);
    clock.start({
      expires_at: request.expires_at,
      idle_timeout_seconds: request.idle_timeout_seconds,
    });
  }

  /** @throws AppError `misdirected` unless bound to just this session. */
  session(sessionId: SessionId | undefined): Session {
    if (this.#session && sessionId === this.#session.sessionId) return this.#session;
    throw new AppError('misdirected', 'this instance does not serve that session');
  }
}
