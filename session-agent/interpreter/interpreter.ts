import type { Ids } from '@steppe/contracts/ids';
import type { AgentState } from '@steppe/contracts/internal';
import type { Language } from '@steppe/contracts/session';
import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { Logger } from '@steppe/service-kit/process/logger';
import { listenForRuntime } from '../protocol/agent-socket.ts';
import type { SupervisorFrame } from '../protocol/frames.ts';
import type { RuntimeTransport } from '../protocol/runtime-transport.ts';
import { CurrentSupervisor } from './current-supervisor.ts';
import { InterpreterState } from './interpreter-state.ts';
import type {
  BackgroundSink,
  RunEnd,
  StepCode,
  StepInterpreter,
  StepSink,
} from './step-interpreter.ts';
import { describeWorkerExit } from './worker-exit.ts';
import { WorkerLifecycle } from './worker-lifecycle.ts';

export interface InterpreterOptions {
  transport: RuntimeTransport;
  clock: Clock;
  ids: Pick<Ids, 'nonce'>;
  logger: Logger;
  /** Creates the directory that workers start in, which user code can remove. */
  ensureWorkspace: () => Promise<unknown>;
  memoryBytes: number | null;
  background: BackgroundSink;
  /** The memory is lost and the epoch has grown. Called before `run` of a lost step returns. */
  onMemoryLost: () => void;
  /** A worker can run steps. */
  onReady: () => void;
  /** The supervisor does not execute commands, and is treated as disconnected. */
  onUnresponsiveSupervisor: () => void;
  /** No more workers will be started. */
  onGaveUp: (detail: string) => void;
  /** How long to wait for a supervisor while none is connected. */
  absenceLimitMs?: number;
}

/** The session's interpreter: it keeps one worker alive, and runs one step at a time in it. */
export class Interpreter implements StepInterpreter {
  readonly #options: InterpreterOptions;
  readonly #state = new InterpreterState();
  readonly #supervisor: CurrentSupervisor;
  readonly #workers: WorkerLifecycle;

  constructor(options: InterpreterOptions) {
    this.#options = options;
    const { clock, logger, absenceLimitMs } = options;
    this.#supervisor = new CurrentSupervisor({
      clock,
      logger,
      absenceLimitMs,
      onConnect: () => {
        // The previous supervisor's worker is lost; the next is spawned once its output is read.
        if (this.#state.worker) this.#workers.loseWithSupervisor();
        else runDetached(() => this.#workers.spawn());
      },
      onFrame: (frame) => this.#handle(frame),
      onDisconnect: () => {
        this.#workers.loseWithSupervisor();
        if (this.#state.isClosing) return;
        logger.warn('supervisor disconnected');
        this.#supervisor.awaitNext();
      },
      onAbsent: (detail) => this.#workers.giveUp(detail),
      onUnresponsive: options.onUnresponsiveSupervisor,
    });
    this.#workers = new WorkerLifecycle(this.#state, this.#supervisor, options);
  }

  /** Accepts the supervisor's connection, whether the agent or a container runtime starts it. */
  async listen(): Promise<void> {
    await listenForRuntime(this.#options, {
      onSupervisor: (link, hello) => this.#supervisor.take(link, hello),
      onWorker: (link, hello) => runDetached(() => this.#workers.connect(link, hello)),
      onUnidentified: (protocolError) => this.#workers.blame(protocolError),
    });
    this.#supervisor.awaitNext();
  }

  get state(): AgentState['state'] {
    return this.#state.name;
  }

  /** Of the supervisor that connected last. */
  get language(): Language | undefined {
    return this.#supervisor.language;
  }

  get epoch(): number {
    return this.#workers.epoch;
  }

  get canRun(): boolean {
    return this.#state.name === 'idle';
  }

  /** A worker is connected that the agent has no reason to replace. */
  get hasWorker(): boolean {
    return workingStates.has(this.#state.name);
  }

  ready(): Promise<void> {
    return this.#state.until(() => this.canRun);
  }

  /**
   * Sets lasting variables of the session, for this worker and all later ones. Must be called
   * before any step. If the interpreter reads one of them only at its start, another worker
   * replaces the current one in the same epoch: it has no memory to lose. Resolves when a worker
   * has the variables.
   * @throws AppError `start_failed` if the interpreter does not start with them.
   */
  configure(env: Record<string, string>): Promise<void> {
    return this.#workers.configure(env);
  }

  /** @param isRehearsed the step is not counted, and the runtime forgets it. */
  async run(
    step: StepCode,
    sink: StepSink,
    onStarted: (executionCount: number) => void,
    isRehearsed = false,
  ): Promise<RunEnd> {
    const { worker } = this.#state;
    if (!worker || !this.canRun) throw new Error(`the interpreter is ${this.state}`);
    this.#state.moveTo({ name: 'running', worker, stepId: step.stepId });
    const { executionCount, end } = worker.run(step, sink, isRehearsed);
    onStarted(executionCount);
    const ended = await end;
    if (ended.kind === 'lost') {
      const error = describeWorkerExit(ended.exit, worker.protocolError);
      return { kind: 'lost', error, epoch: this.epoch };
    }
    const { open } = this.#state;
    if (open.worker === worker && (open.name === 'running' || open.name === 'interrupting'))
      this.#state.moveTo({ name: 'idle', worker });
    return { ...ended, epoch: worker.epoch };
  }

  interrupt(stepId: string): void {
    const { open } = this.#state;
    if (this.#state.isClosing || (open.name !== 'running' && open.name !== 'interrupting')) return;
    if (open.stepId !== stepId) return;
    if (open.name === 'running') this.#state.moveTo({ ...open, name: 'interrupting' });
    if (open.worker.interrupt(stepId))
      this.#supervisor.send({ type: 'interrupt', epoch: this.epoch, step_id: stepId });
  }

  kill(): Promise<void> {
    return this.#workers.terminate();
  }

  async restart(): Promise<void> {
    await this.#state.until(() => this.#state.worker !== undefined || this.#state.isClosing);
    await this.kill();
  }

  close(): void {
    this.#state.close();
    this.#supervisor.close();
    this.#options.transport.close();
  }

  #handle(frame: SupervisorFrame): void {
    const { worker } = this.#state;
    if (frame.type === 'interrupted') worker?.interrupted(frame.step_id);
    else if (frame.type === 'exit') runDetached(() => this.#workers.reap(frame));
    else if (frame.type === 'spawned' && frame.epoch === worker?.epoch)
      worker.pid.resolve(frame.pid);
  }
}

const workingStates: ReadonlySet<AgentState['state']> = new Set([
  'idle',
  'running',
  'interrupting',
]);
