import type { Language } from '@steppe/contracts/session';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { SupervisorLink } from '../protocol/agent-socket.ts';
import type { SupervisorCommand, SupervisorFrame } from '../protocol/frames.ts';

export type MemoryReading = Extract<SupervisorFrame, { type: 'memory' }>;

interface CurrentSupervisorOptions {
  clock: Clock;
  logger: Logger;
  /** A supervisor connected. It has no worker, whatever happened to the previous supervisor. */
  onConnect: () => void;
  onFrame: (frame: SupervisorFrame) => void;
  /** It disconnected, and its worker dies with it. Another one may connect. */
  onDisconnect: () => void;
  /** No supervisor connected in time. */
  onAbsent: (detail: string) => void;
  /** It did not kill its worker in time, and is treated as disconnected. */
  onUnresponsive: () => void;
  /** How long to wait for a supervisor while none is connected. */
  absenceLimitMs: number | undefined;
}

/**
 * Kubernetes restarts a killed container after 1.2 s, then with a backoff that grows to five
 * minutes.
 */
export const defaultAbsenceLimitMs = 5 * 60_000;
/** A supervisor takes up to two seconds to kill a worker's descendants. */
export const killLimitMs = 8_000;

/** Interpreters, the C library and libraries linked to them read these only at their start. */
const readAtStart: Readonly<Record<Language, RegExp>> = {
  python: /^(PYTHON|LD_|DYLD_|GLIBC_|MALLOC_|OMP_|OPENBLAS_|MKL_)/,
  node: /^(NODE_|LD_|DYLD_|GLIBC_|MALLOC_|OMP_|OPENBLAS_|MKL_|UV_|OPENSSL_|SSL_CERT_)/,
};

/** The supervisor that is connected now. Another one may replace it at any time. */
export class CurrentSupervisor {
  /** The last reading of the memory of its container. */
  memory: MemoryReading | undefined;
  readonly #options: CurrentSupervisorOptions;
  /** The language of the supervisor that connected last. */
  #language: Language | undefined;
  #link: SupervisorLink | undefined;
  #cancelAbsence: () => void = () => {};
  #pendingKill: { epoch: number; cancel: () => void } | undefined;

  constructor(options: CurrentSupervisorOptions) {
    this.#options = options;
  }

  get language(): Language | undefined {
    return this.#language;
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** Whether a worker takes up these variables only at its start. */
  needsRestartFor(env: Readonly<Record<string, string>>): boolean {
    const pattern = this.#language && readAtStart[this.#language];
    return pattern !== undefined && Object.keys(env).some((name) => pattern.test(name));
  }

  /** Starts the time limit within which a supervisor must connect. */
  awaitNext(): void {
    const { clock, absenceLimitMs = defaultAbsenceLimitMs, onAbsent } = this.#options;
    this.#cancelAbsence();
    this.#cancelAbsence = clock.after(absenceLimitMs, () =>
      onAbsent(`the runtime did not reconnect within ${absenceLimitMs} ms`),
    );
  }

  take(
    link: SupervisorLink,
    { language, version, pid }: Extract<SupervisorFrame, { type: 'supervisor' }>,
  ): void {
    const { logger, onConnect, onFrame, onDisconnect } = this.#options;
    logger.info({ language, version, pid }, 'supervisor connected');
    this.#language = language;
    this.memory = undefined;
    const before = this.#link;
    this.#link = link;
    this.#cancelAbsence();
    this.#forgetKill();
    before?.close();
    link.onFrame = (frame) => {
      if (frame.type === 'memory') {
        this.memory = frame;
        const { used_bytes, limit_bytes } = frame;
        logger.debug({ used_bytes, limit_bytes }, 'runtime memory');
      }
      if (frame.type === 'exit' && frame.epoch === this.#pendingKill?.epoch) this.#forgetKill();
      onFrame(frame);
    };
    link.onClose = (protocolError) => {
      if (protocolError) logger.error({ protocolError }, 'invalid frame from the supervisor');
      if (this.#link !== link) return;
      this.#link = undefined;
      this.#forgetKill();
      onDisconnect();
    };
    onConnect();
  }

  /** Sends a command; without a supervisor it is dropped. */
  send(command: SupervisorCommand): void {
    this.#link?.send(command);
  }

  /**
   * Requests a kill of the worker. A supervisor that does not report the exit in time is
   * disconnected.
   */
  kill(epoch: number): void {
    const link = this.#link;
    if (!link) return;
    link.send({ type: 'kill', epoch });
    if (this.#pendingKill) return;
    const { clock, logger, onUnresponsive } = this.#options;
    const cancel = clock.after(killLimitMs, () => {
      logger.error({ epoch }, 'supervisor unresponsive');
      link.close();
      onUnresponsive();
    });
    this.#pendingKill = { epoch, cancel };
  }

  close(): void {
    this.#cancelAbsence();
    this.#forgetKill();
    this.#link?.close();
  }

  #forgetKill(): void {
    this.#pendingKill?.cancel();
    this.#pendingKill = undefined;
  }
}
