import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';

interface WorkspaceSpaceParts {
  /** The real path of the workspace. */
  root: string;
  limitBytes: number;
  clock: Pick<Clock, 'monotonicMs'>;
  logger: Logger;
}

const run = promisify(execFile);
const duLimitMs = 10_000;
/** User code writes too: a measurement is repeated after this time, and later where it is slow. */
const leastAgeMs = 1_000;
/** So that measuring takes at most a twentieth of the time. */
const agePerMeasuredMs = 20;

/**
 * Holds uploads to the workspace's limit of space. Kubernetes evicts a pod whose workspace is above
 * it, which ends the session: a refused upload does not.
 */
export class WorkspaceSpace {
  readonly #parts: WorkspaceSpaceParts;
  #usedBytes = 0;
  /** What was reserved since the measurement of `usedBytes` began. */
  #reservedBytes = 0;
  #freshUntilMs = Number.NEGATIVE_INFINITY;
  #measuring: Promise<void> | undefined;

  constructor(parts: WorkspaceSpaceParts) {
    this.#parts = parts;
  }

  /**
   * Reserves space for bytes that are written next.
   * @throws AppError `no_space` if there is none, by a measurement of this moment.
   */
  async reserve(bytes: number): Promise<void> {
    await this.check(bytes);
    this.#reservedBytes += bytes;
  }

  /** @throws AppError `no_space` if so many bytes do not fit now. */
  async check(bytes: number): Promise<void> {
    if (this.#parts.clock.monotonicMs() > this.#freshUntilMs) await this.#measure();
    if (this.#fits(bytes)) return;
    await this.#measure();
    if (!this.#fits(bytes)) throw noSpace(this.#parts.limitBytes);
  }

  #fits(bytes: number): boolean {
    return this.#usedBytes + this.#reservedBytes + bytes <= this.#parts.limitBytes;
  }

  #measure(): Promise<void> {
    this.#measuring ??= this.#look().finally(() => {
      this.#measuring = undefined;
    });
    return this.#measuring;
  }

  async #look(): Promise<void> {
    const { root, clock, logger } = this.#parts;
    const reservedBefore = this.#reservedBytes;
    const begunAtMs = clock.monotonicMs();
    try {
      this.#usedBytes = await diskUsage(root);
      this.#reservedBytes -= reservedBefore;
    } catch (err) {
      logger.warn({ err }, 'workspace not measured');
    }
    const endMs = clock.monotonicMs();
    this.#freshUntilMs = endMs + Math.max(leastAgeMs, agePerMeasuredMs * (endMs - begunAtMs));
  }
}

/** Counts as the kubelet does. A process of its own, so that many files hold up no step. */
async function diskUsage(root: string): Promise<number> {
  const options = { timeout: duLimitMs, env: { PATH: '/usr/bin:/bin' } };
  const { stdout } = await run('du', ['-skx', root], options).catch(partialOutput);
  const kibibytes = /^(\d+)\s/.exec(stdout)?.[1];
  if (kibibytes === undefined) throw new Error('du printed no number');
  return Number(kibibytes) * 1024;
}

/** A file that user code removes meanwhile, or a directory that it closes, is no failure. */
function partialOutput(error: unknown): { stdout: string } {
  if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string')
    return { stdout: error.stdout };
  throw error;
}

const noSpace = (limitBytes: number): AppError =>
  new AppError(
    'no_space',
    'the workspace is full; delete files or request more ephemeral_storage',
    { details: { limit_bytes: limitBytes } },
  );
