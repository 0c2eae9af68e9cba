import type { Language } from '@steppe/contracts/session';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { SupervisorLink } from '../protocol/agent-socket.ts';
import type { SupervisorCommand, SupervisorFrame } from '../protocol/frames.ts';

interface CurrentSupervisorOptions {
  logger: Logger;
  /** One has come. It has no worker, whatever became of the one before it. */
  onConnect: () => void;
  onFrame: (frame: SupervisorFrame) => void;
  /** It went, and ends its worker with itself; another may come. */
  onDisconnect: () => void;
  /** None came in time. */
  onAbsent: (detail: string) => void;
  /** It did not kill in time, and is treated as gone. */
  onUnresponsive: () => void;
  /** How long to wait for one where there is none; five minutes where undefined. */
  absenceLimitMs: number | undefined;
}

/**
 * Kubernetes restarts a killed container after 1.2 s, then with a back-off that grows to five
 * minutes.
 */
const longestAbsenceMs = 5 * 60_000;
/** A supervisor takes up to two seconds to end what a worker has started. */
const killLimitMs = 8_000;

/** The supervisor that is there now: each may be replaced by the next, whoever starts them. */
export class CurrentSupervisor {
  /** Of the last that came. */
  language: Language | undefined;
  readonly #options: CurrentSupervisorOptions;
  #link: SupervisorLink | undefined;
  #absence: NodeJS.Timeout | undefined;
  #pendingKill: { epoch: number; unresponsiveTimer: NodeJS.Timeout } | undefined;

  constructor(options: CurrentSupervisorOptions) {
    this.#options = options;
  }

  get isThere(): boolean {
    return this.#link !== undefined;
  }

  /** Counts from now how long there is none. */
  awaitNext(): void {
    const { absenceLimitMs = longestAbsenceMs, onAbsent } = this.#options;
    clearTimeout(this.#absence);
    this.#absence = setTimeout(
      () => onAbsent(`the runtime did not reconnect within ${absenceLimitMs} ms`),
      absenceLimitMs,
    );
  }

  take(
    link: SupervisorLink,
    { language, version, pid }: Extract<SupervisorFrame, { type: 'supervisor' }>,
  ): void {
    this.#options.logger.info({ language, version, pid }, 'supervisor connected');
    this.language = language;
    const before = this.#link;
    this.#link = link;
    clearTimeout(this.#absence);
    this.#forgetKill();
    before?.close();
    link.onFrame = (frame) => {
      if (frame.type === 'exit' && frame.epoch === this.#pendingKill?.epoch) this.#forgetKill();
      this.#options.onFrame(frame);
    };
    link.onClose = (protocolError) => {
      if (protocolError)
        this.#options.logger.error({ protocolError }, 'invalid frame from the supervisor');
      if (this.#link !== link) return;
      this.#link = undefined;
      this.#forgetKill();
      this.#options.onDisconnect();
    };
    this.#options.onConnect();
  }

  /** Lost where there is none. */
  send(command: SupervisorCommand): void {
    this.#link?.send(command);
  }

  /** Has its worker killed; one whose `exit` does not follow in time is itself taken for dead. */
  kill(epoch: number): void {
    const link = this.#link;
    if (!link) return;
    link.send({ type: 'kill', epoch });
    if (this.#pendingKill) return;
    const unresponsiveTimer = setTimeout(() => {
      this.#options.logger.error({ epoch }, 'the supervisor did not terminate its worker');
      link.close();
      this.#options.onUnresponsive();
    }, killLimitMs);
    this.#pendingKill = { epoch, unresponsiveTimer };
  }

  close(): void {
    clearTimeout(this.#absence);
    this.#forgetKill();
    this.#link?.close();
  }

  #forgetKill(): void {
    clearTimeout(this.#pendingKill?.unresponsiveTimer);
    this.#pendingKill = undefined;
  }
}
