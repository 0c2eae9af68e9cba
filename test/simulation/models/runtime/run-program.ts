import type { WorkerCommand } from '../../../../session-agent/protocol/frames.ts';
import {
  endMarker,
  startMarker,
  turnMarker,
} from '../../../../session-agent/protocol/wire-format.ts';
import type { SimulatedProcess } from '../../kernel/kernel.ts';
import type { Fifo } from './fifo.ts';
import type { RuntimeMachine, StepRun } from './runtime-machine.ts';
import { lineOf, parseProgram, type StepAction, type StepProgram } from './step-program.ts';

export type RunCommand = Extract<WorkerCommand, { type: 'run' }>;
type Stream = 'stdout' | 'stderr';

/** The interpreter that runs a step. */
export interface Interpreter {
  readonly machine: RuntimeMachine;
  readonly process: SimulatedProcess;
  readonly streams: { out: Fifo; err: Fifo };
  readonly variables: Map<string, string>;
  send(frame: object, bundle?: string): void;
  exit(code: number): void;
  /** Prints text of an ended step, between the steps or beside a running one. */
  printLater(text: string): void;
}

const pieceBytes = 16 * 1024;

/** One step's code as it runs. */
export class ProgramRun {
  readonly stepId: string;
  readonly #interpreter: Interpreter;
  readonly #command: RunCommand;
  readonly #run: StepRun;
  #isInterrupted = false;
  #wake: (() => void) | undefined;
  #lines = 0;
  #turn = 0;
  #shown = 0;
  #channel: Stream | 'display' = 'stdout';

  constructor(interpreter: Interpreter, command: RunCommand, run: StepRun) {
    this.stepId = command.step_id;
    this.#interpreter = interpreter;
    this.#command = command;
    this.#run = run;
  }

  /** As the interpreter's handler of SIGINT. */
  interrupt(): void {
    this.#isInterrupted = true;
    this.#wake?.();
  }

  /** Runs the code between its markers, and reports its end. */
  async execute(): Promise<void> {
    const { machine, process, send } = this.#interpreter;
    const { kernel, random, faults, onFault } = machine;
    await this.#mark(startMarker(this.#command.nonce));
    if (random.chance(faults.workerDeath)) {
      onFault('worker death');
      kernel.schedule(random.between(0, 200), process, 'crash', () => kernel.kill(process));
    }
    const end = await this.#perform();
    this.#run.end = end;
    const done = doneFrame(this.#command.step_id, end, kernel.nowMs - this.#run.startedMs);
    if (random.chance(faults.lateMarkers)) {
      onFault('late markers');
      send(done);
      await kernel.delay(random.between(0, 2_500), 'late markers');
      return this.#mark(endMarker(this.#command.nonce));
    }
    await this.#mark(endMarker(this.#command.nonce));
    send(done);
  }

  async #perform(): Promise<'completed' | 'failed' | 'interrupted'> {
    let program: StepProgram;
    try {
      program = parseProgram(this.#command.code);
    } catch {
      return 'failed';
    }
    for (const action of program.actions) {
      if (this.#isInterrupted) return 'interrupted';
      if (action.do === 'raise') return 'failed';
      await this.#act(action);
    }
    return this.#isInterrupted ? 'interrupted' : 'completed';
  }

  async #act(action: StepAction): Promise<void> {
    const { machine, variables, send } = this.#interpreter;
    if (action.do === 'print')
      for (let at = 0; at < action.lines; at += 1)
        await this.#print(this.#line(), action.stream ?? 'stdout');
    else if (action.do === 'flood') await this.#flood(action.bytes);
    else if (action.do === 'sleep') await this.#wait(action.ms);
    else if (action.do === 'set') variables.set(action.name, action.value);
    else if (action.do === 'get') await this.#print(describe(variables, action.name));
    else if (action.do === 'display') await this.#display(action.text);
    else if (action.do === 'exit') await this.#exit(action.code);
    else if (action.do === 'hang') await this.#wait(Number.MAX_SAFE_INTEGER);
    else if (action.do === 'ignore_interrupts') await machine.kernel.delay(action.ms, 'busy');
    else if (action.do === 'allocate') await this.#allocate(action.kills);
    else if (action.do === 'background') this.#leaveThread(action.lines, action.everyMs);
    else if (action.do === 'orphan') this.#leaveProcess(action.ms);
    else if (action.do === 'break_protocol') send({ type: 'done', step_id: this.stepId });
  }

  #line(): string {
    this.#lines += 1;
    return lineOf(this.#run.session, this.stepId, this.#lines - 1);
  }

  async #flood(bytes: number): Promise<void> {
    for (let left = bytes; left > 0 && !this.#isInterrupted; left -= pieceBytes) {
      const line = this.#line();
      const wanted = Math.min(left, pieceBytes);
      await this.#print(line.repeat(Math.ceil(wanted / line.length)).slice(0, wanted));
    }
  }

  /** Ends early if the step is interrupted. */
  #wait(ms: number): Promise<void> {
    if (this.#isInterrupted) return Promise.resolve();
    const { machine, process } = this.#interpreter;
    return new Promise((resolve) => {
      const event = machine.kernel.schedule(ms, process, 'sleep', resolve);
      this.#wake = () => {
        event.cancel();
        resolve();
      };
    });
  }

  /** Never resolves. */
  async #exit(code: number): Promise<void> {
    this.#interpreter.exit(code);
    await this.#interpreter.machine.kernel.delay(0, 'dead');
  }

  async #allocate(kills: 'worker' | 'container'): Promise<void> {
    this.#interpreter.machine.exhaustMemory(kills);
    await this.#interpreter.machine.kernel.delay(60_000, 'swap');
  }

  async #print(text: string, stream: Stream = 'stdout'): Promise<void> {
    await this.#turnTo(stream);
    const { out, err } = this.#interpreter.streams;
    await (stream === 'stdout' ? out : err).write(Buffer.from(text));
    this.#run[stream] += text;
  }

  async #display(text: string): Promise<void> {
    await this.#turnTo('display');
    this.#shown += 1;
    const frame = {
      type: 'display',
      step_id: this.stepId,
      is_main_result: false,
      truncated: false,
    };
    this.#interpreter.send(frame, JSON.stringify({ 'text/plain': text }));
  }

  async #turnTo(channel: Stream | 'display'): Promise<void> {
    if (channel === this.#channel) return;
    this.#channel = channel;
    this.#turn += 1;
    await this.#mark(turnMarker(this.#command.nonce, this.#turn, this.#shown));
  }

  async #mark(marker: Buffer): Promise<void> {
    const { out, err } = this.#interpreter.streams;
    await out.write(marker);
    await err.write(marker);
  }

  #leaveThread(lines: number, everyMs: number): void {
    const { machine, process, printLater } = this.#interpreter;
    const text = lineOf(this.#run.session, `${this.stepId} later`, lines);
    machine.kernel.schedule(everyMs, process, 'thread', () => {
      printLater(text);
      if (lines > 1) this.#leaveThread(lines - 1, everyMs);
    });
  }

  #leaveProcess(ms: number): void {
    const { machine, streams, process } = this.#interpreter;
    const { kernel, random, faults } = machine;
    const orphan = {
      process: kernel.createProcess(`${process.name}.orphan`),
      isMissed: random.chance(faults.missedOrphan),
    };
    machine.processes.add(orphan);
    for (const fifo of [streams.out, streams.err]) fifo.open(orphan.process);
    kernel.schedule(ms, orphan.process, 'exit', () => kernel.kill(orphan.process));
  }
}

const describe = (variables: ReadonlyMap<string, string>, name: string): string =>
  variables.has(name) ? `${name}=${variables.get(name)}\n` : `${name} is not defined\n`;

const errorNames = { failed: 'ValueError', interrupted: 'KeyboardInterrupt' } as const;

function doneFrame(
  stepId: string,
  status: 'completed' | 'failed' | 'interrupted',
  durationMs: number,
): object {
  const name = status === 'completed' ? undefined : errorNames[status];
  return {
    type: 'done',
    step_id: stepId,
    status,
    error: name ? { name, message: 'simulated', traceback: [`${name}: simulated`] } : null,
    usage: { duration_ms: durationMs, cpu_ms: durationMs / 2, max_rss_bytes: 2 ** 25 },
  };
}
