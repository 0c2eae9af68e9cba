import { type Deferred, deferred } from '../../deferred.ts';
import type {
  RunEnd,
  StepCode,
  StepInterpreter,
  StepSink,
} from '../../interpreter/step-interpreter.ts';

const usage = { duration_ms: 1, cpu_ms: 1, max_rss_bytes: 1 };
const crashed = { name: 'WorkerCrashed', message: 'it crashed', traceback: [] };

interface Run {
  step: StepCode;
  sink: StepSink;
  end: Deferred<RunEnd>;
}

/**
 * An interpreter that a test controls. It is idle at epoch 1, and becomes idle again only by
 * `comeBack`.
 */
export class ScriptedInterpreter implements StepInterpreter {
  epoch = 1;
  canRun = true;
  onMemoryLost: () => void = () => {};
  /** The code of every step that was run. */
  readonly ran: string[] = [];
  readonly commands: string[] = [];
  #run: Run | undefined;
  #idle = deferred();
  #gone = deferred();

  async ready(): Promise<void> {
    while (!this.canRun) await this.#idle.promise;
  }

  run(
    step: StepCode,
    sink: StepSink,
    onStarted: (executionCount: number) => void,
  ): Promise<RunEnd> {
    if (!this.canRun) throw new Error('it cannot run');
    this.canRun = false;
    this.ran.push(step.code);
    this.#run = { step, sink, end: deferred() };
    onStarted(this.ran.length);
    return this.#run.end.promise;
  }

  interrupt(): void {
    this.commands.push('interrupt');
  }

  async kill(): Promise<void> {
    this.commands.push('kill');
  }

  async restart(): Promise<void> {
    this.commands.push('restart');
    await this.#gone.promise;
  }

  /** The running step ends by itself. */
  done(status: 'completed' | 'failed' | 'interrupted' = 'completed', epoch = this.epoch): void {
    const run = this.#run;
    this.#run = undefined;
    run?.end.resolve({ kind: 'done', status, error: null, usage, epoch });
    if (epoch === this.epoch) this.comeBack();
  }

  /**
   * The worker dies with the running step. `tellLoss` reports the step's end, as after its output
   * has been read.
   */
  die(): void {
    this.canRun = false;
    this.epoch += 1;
    this.onMemoryLost();
  }

  tellLoss(): void {
    const run = this.#run;
    this.#run = undefined;
    run?.end.resolve({ kind: 'lost', error: crashed, epoch: this.epoch });
    this.#gone.resolve();
    this.#gone = deferred();
  }

  comeBack(): void {
    this.canRun = true;
    this.#idle.resolve();
    this.#idle = deferred();
  }
}
