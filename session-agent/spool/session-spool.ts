import type { Logger } from '@steppe/service-kit/process/logger';
import type { SpoolFiles } from './spool-files.ts';
import { StepSpool } from './step-spool.ts';

/** The disk that a step's spool may take. */
export interface SpoolRoom {
  /** @returns false if there is no room for so many more bytes. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
  onWriteError(error: unknown): void;
}

export interface SpoolLimits {
  stepBytes: number;
  sessionBytes: number;
}

/** The spool of one step; the session may drop it once the step has ended. */
export interface OwnedSpool {
  spool: StepSpool;
  /** The step has ended: its output may be dropped to make room. */
  finish(): void;
  remove(): void;
}

/**
 * The files of output of all steps of the session. When they take too much, that of the step that
 * ended first is removed.
 */
export class SessionSpool {
  readonly #files: SpoolFiles;
  readonly #limits: SpoolLimits;
  readonly #logger: Logger;
  readonly #finished = new Set<StepSpool>();
  readonly #room: SpoolRoom = {
    reserve: (bytes) => this.#reserve(bytes),
    release: (bytes) => {
      this.#bytes -= bytes;
    },
    onWriteError: (error) => this.#noteError(error),
  };
  #bytes = 0;
  #count = 0;
  #failed = false;

  constructor(files: SpoolFiles, limits: SpoolLimits, logger: Logger) {
    this.#files = files;
    this.#limits = limits;
    this.#logger = logger;
  }

  /** The spool of the next step; its file is created once there is much output. */
  open(): OwnedSpool {
    this.#count += 1;
    const name = `${this.#count}.spool`;
    const { stepBytes, sessionBytes } = this.#limits;
    const create = () => this.#files.create(name);
    const spool = new StepSpool(create, Math.min(stepBytes, sessionBytes), this.#room);
    return {
      spool,
      finish: () => {
        spool.finish();
        this.#finished.add(spool);
      },
      remove: () => this.#remove(spool),
    };
  }

  /** Removes all files. */
  close(): void {
    this.#files.clear();
  }

  #reserve(bytes: number): boolean {
    for (const spool of this.#finished) {
      if (this.#bytes + bytes <= this.#limits.sessionBytes) break;
      if (spool.fileBytes > 0) this.#remove(spool);
    }
    if (this.#bytes + bytes > this.#limits.sessionBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  #remove(spool: StepSpool): void {
    this.#finished.delete(spool);
    this.#bytes -= spool.fileBytes;
    spool.remove();
  }

  /** Logs the first of a series: each piece of output may fail. */
  #noteError(error: unknown): void {
    if (!this.#failed) this.#logger.warn({ err: error }, 'spool write failed');
    this.#failed = true;
  }
}
