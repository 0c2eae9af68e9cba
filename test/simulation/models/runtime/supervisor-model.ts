import type { SupervisorCommand } from '../../../../session-agent/protocol/frames.ts';
import type { SimulatedProcess } from '../../kernel/kernel.ts';
import type { ControlConnection } from './control-connection.ts';
import type { RuntimeMachine } from './runtime-machine.ts';
import { WorkerModel } from './worker-model.ts';

const firstRetryMs = 20;
const lastRetryMs = 100;
const defaultMemoryBytes = 2 ** 29;
/** The supervisor kills its worker at this share. */
const exhaustedShare = 0.95;

/** The first process of a runtime, which forks, interrupts and reaps the workers. */
export class SupervisorModel {
  readonly process: SimulatedProcess;
  readonly #machine: RuntimeMachine;
  readonly #pid: number;
  readonly #interruptBy: 'signal' | 'frame';
  #connection: ControlConnection | undefined;
  #worker: WorkerModel | undefined;
  #memoryBytes = defaultMemoryBytes;
  /** It has killed the worker because the memory was used up. */
  #isExhausted = false;
  #retryMs = firstRetryMs;

  constructor(machine: RuntimeMachine, startMs: number) {
    const { kernel, instanceId, random } = machine;
    this.#machine = machine;
    this.#pid = machine.newPid();
    this.#interruptBy = random.chance(0.5) ? 'signal' : 'frame';
    this.process = kernel.createProcess(`${instanceId}.supervisor${this.#pid}`);
    kernel.schedule(startMs, this.process, 'supervisor main', () => {
      this.#killLeftovers();
      this.#connect();
    });
  }

  get worker(): WorkerModel | undefined {
    return this.#worker;
  }

  /** Reports that memory is used up, and kills the worker unless the kernel kills everything. */
  exhaust(kills: 'worker' | 'container'): void {
    this.#connection?.send({
      type: 'memory',
      used_bytes: Math.round(this.#memoryBytes * (exhaustedShare + 0.02)),
      limit_bytes: this.#memoryBytes,
    });
    if (kills === 'container' || !this.#worker) return;
    this.#isExhausted = true;
    this.#machine.kernel.kill(this.#worker.process);
  }

  #connect(): void {
    const { connect, kernel } = this.#machine;
    this.#connection = connect({
      peer: this.process,
      onCommand: (command) => this.#take(asSupervisorCommand(command)),
      onClosed: () => this.#disconnected(),
    });
    if (!this.#connection) {
      kernel.schedule(this.#retryMs, this.process, 'connect again', () => this.#connect());
      this.#retryMs = Math.min(2 * this.#retryMs, lastRetryMs);
      return;
    }
    this.#retryMs = firstRetryMs;
    const hello = { type: 'supervisor', language: 'python', version: '3', pid: this.#pid };
    this.#connection.send(hello);
  }

  #disconnected(): void {
    const { kernel } = this.#machine;
    this.#connection = undefined;
    if (this.#worker) kernel.kill(this.#worker.process);
    kernel.schedule(firstRetryMs, this.process, 'connect again', () => this.#connect());
  }

  #take(command: SupervisorCommand): void {
    const worker = this.#worker?.epoch === command.epoch ? this.#worker : undefined;
    if (command.type === 'spawn') {
      this.#spawn(command);
    } else if (command.type === 'kill') {
      // From now on the agent has killed it, even if memory runs out.
      this.#isExhausted = false;
      if (worker) this.#kill(worker);
    } else {
      worker?.interrupt(command.step_id);
      this.#connection?.send({ type: 'interrupted', step_id: command.step_id });
    }
  }

  #spawn({ epoch, env, memory_bytes }: Extract<SupervisorCommand, { type: 'spawn' }>): void {
    const { kernel, random, faults, onFault, processes, streamsOf, killSupervisor } = this.#machine;
    const streams = streamsOf(epoch);
    const isFault = random.chance(faults.failedFork);
    if (isFault) onFault('failed fork');
    if (isFault || !streams || this.#worker) {
      this.#report(epoch, { code: null, signal: null }, 'spawn_failed');
      return;
    }
    this.#memoryBytes = memory_bytes ?? defaultMemoryBytes;
    const isOrphaned = random.chance(faults.orphanedStart);
    const hasOrphans = [...processes].some(({ process, isMissed }) => isMissed && process.isAlive);
    const isSlow = isOrphaned || hasOrphans;
    const worker = new WorkerModel(this.#machine, {
      ...{ epoch, env, streams, interruptBy: this.#interruptBy, isSlow },
    });
    this.#worker = worker;
    const isMissed = isOrphaned || random.chance(faults.missedOrphan);
    processes.add({ process: worker.process, isMissed });
    worker.process.onKill(() => this.#onSignal(worker));
    this.#connection?.send({ type: 'spawned', epoch, pid: worker.pid });
    if (!isOrphaned) return;
    onFault('orphaned start');
    kernel.schedule(random.between(0, 20), this.process, 'crash', killSupervisor);
  }

  #kill(worker: WorkerModel): void {
    const { kernel, random } = this.#machine;
    kernel.schedule(random.between(0.1, 30), this.process, 'sigkill', () =>
      kernel.kill(worker.process),
    );
  }

  /** The worker is dead. `exit` goes out once its descendants are dead too. */
  #onSignal(worker: WorkerModel): void {
    const { kernel, random } = this.#machine;
    kernel.schedule(random.between(0.1, 15), this.process, 'sigchld', () => {
      const reason = this.#isExhausted ? 'memory' : null;
      this.#isExhausted = false;
      this.#worker = undefined;
      this.#killDescendants();
      this.#report(worker.epoch, worker.status, reason);
    });
  }

  #report(
    epoch: number,
    status: { code: number | null; signal: string | null },
    reason: 'spawn_failed' | 'memory' | null,
  ): void {
    const detail = reason ? `simulated ${reason}` : '';
    this.#connection?.send({ type: 'exit', epoch, ...status, reason, detail });
  }

  /** What the workers of an earlier supervisor left, as far as it finds them. */
  #killLeftovers(): void {
    for (const { process, isMissed } of this.#machine.processes)
      if (!isMissed) this.#machine.kernel.kill(process);
      else if (process.isAlive) this.#machine.onFault('missed orphan');
  }

  #killDescendants(): void {
    const { kernel, processes } = this.#machine;
    for (const { process } of processes) kernel.kill(process);
    processes.clear();
  }
}

/** The agent sends a supervisor nothing else. */
const asSupervisorCommand = (command: unknown): SupervisorCommand => command as SupervisorCommand;
