import type { WorkerCommand } from '../../../../session-agent/protocol/frames.ts';
import type { SimulatedProcess } from '../../kernel/kernel.ts';
import type { ControlConnection } from './control-connection.ts';
import type { Fifo } from './fifo.ts';
import { type Interpreter, ProgramRun, type RunCommand } from './run-program.ts';
import type { RuntimeMachine, StepRun } from './runtime-machine.ts';
import { parseProgram, sessionVariable } from './step-program.ts';

interface WorkerStart {
  epoch: number;
  env: Readonly<Record<string, string>>;
  streams: { out: Fifo; err: Fifo };
  interruptBy: 'signal' | 'frame';
  /** It competes with others for the machine. */
  isSlow: boolean;
}

/** An interpreter process, from its fork to its death. */
export class WorkerModel {
  readonly epoch: number;
  readonly pid: number;
  readonly process: SimulatedProcess;
  readonly #machine: RuntimeMachine;
  readonly #start: WorkerStart;
  readonly #env: Record<string, string>;
  readonly #interpreter: Interpreter;
  #connection: ControlConnection | undefined;
  #running: { program: ProgramRun; run: StepRun } | undefined;
  #exitCode: number | undefined;
  /** Commands are executed one after another. */
  #last: Promise<void> = Promise.resolve();

  constructor(machine: RuntimeMachine, start: WorkerStart) {
    const { kernel, instanceId } = machine;
    this.epoch = start.epoch;
    this.pid = machine.newPid();
    this.process = kernel.createProcess(`${instanceId}.worker${this.pid}`);
    this.#machine = machine;
    this.#start = start;
    this.#env = { ...start.env };
    this.#interpreter = {
      machine,
      process: this.process,
      streams: start.streams,
      variables: new Map(),
      send: (frame, bundle) => this.#connection?.send(frame, bundle),
      exit: (code) => this.#exit(code),
      printLater: (text) => this.#printLater(text),
    };
    for (const fifo of [start.streams.out, start.streams.err]) fifo.open(this.process);
    this.process.onKill(() => {
      if (this.#running?.run.end === 'running') this.#running.run.end = 'killed';
    });
    kernel.schedule(this.#startMs(), this.process, 'worker main', () => this.#connect());
  }

  /** How it died, as `wait` reports it. */
  get status(): { code: number | null; signal: string | null } {
    return this.#exitCode === undefined
      ? { code: null, signal: 'SIGKILL' }
      : { code: this.#exitCode, signal: null };
  }

  /** SIGINT, for this step alone. */
  interrupt(stepId: string): void {
    const { kernel, random } = this.#machine;
    kernel.schedule(random.between(0.01, 0.2), this.process, 'sigint', () => {
      if (this.#running?.run.stepId === stepId) this.#running.program.interrupt();
    });
  }

  #startMs(): number {
    const { random, faults, onFault } = this.#machine;
    if (this.#start.isSlow) return random.between(100, 4_000);
    if (!random.chance(faults.slowStart)) return random.between(1, 40);
    onFault('slow start');
    return random.between(500, 12_000);
  }

  #connect(): void {
    const { random, faults, onFault, connect } = this.#machine;
    this.#machine.isBroken ||= random.chance(faults.brokenStarts);
    const isFault = this.#machine.isBroken || random.chance(faults.failedStart);
    if (isFault) onFault('failed start');
    else
      this.#connection = connect({
        peer: this.process,
        onCommand: (command) => this.#take(asWorkerCommand(command)),
        onClosed: () => this.#exit(0),
      });
    const { epoch, pid } = this;
    if (!this.#connection) this.#exit(1);
    else this.#connection.send({ type: 'ready', epoch, pid, interrupt: this.#start.interruptBy });
  }

  #take(command: WorkerCommand): void {
    if (command.type === 'interrupt') {
      this.interrupt(command.step_id);
      this.#connection?.send({ type: 'interrupted', step_id: command.step_id });
      return;
    }
    this.#last = this.#last.then(async () => {
      if (command.type === 'configure') Object.assign(this.#env, command.env);
      else await this.#runStep(command);
    });
  }

  async #runStep(command: RunCommand): Promise<void> {
    const { kernel, instanceId, onRun } = this.#machine;
    const run: StepRun = {
      stepId: command.step_id,
      wantedSession: wantedSession(command.code),
      session: this.#env[sessionVariable] ?? '',
      instanceId,
      epoch: this.epoch,
      executionCount: command.execution_count,
      memory: this.process.name,
      startedMs: kernel.nowMs,
      stdout: '',
      stderr: '',
      end: 'running',
    };
    const program = new ProgramRun(this.#interpreter, command, run);
    this.#running = { program, run };
    onRun(run);
    await program.execute();
    this.#running = undefined;
  }

  /** Between steps a thread may write to the raw stream; beside a step it goes in a frame. */
  #printLater(text: string): void {
    if (this.#running || this.#machine.random.chance(0.5))
      this.#connection?.send({ type: 'background', stream: 'stdout', text });
    else void this.#start.streams.out.write(Buffer.from(text));
  }

  #exit(code: number): void {
    this.#exitCode = code;
    this.#machine.kernel.kill(this.process);
  }
}

function wantedSession(code: string): string {
  try {
    return parseProgram(code).session;
  } catch {
    return '';
  }
}

/** The agent sends a worker nothing else. */
const asWorkerCommand = (command: unknown): WorkerCommand => command as WorkerCommand;
