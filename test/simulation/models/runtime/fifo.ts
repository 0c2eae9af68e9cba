import type { RawOutput } from '../../../../session-agent/protocol/runtime-transport.ts';
import type { Kernel, SimulatedProcess } from '../../kernel/kernel.ts';
import type { RandomStream } from '../../kernel/random-stream.ts';
import type { RuntimeFaults } from './runtime-faults.ts';

/** What the kernel's FIFO holds, and the most that one read takes. */
const fifoBytes = 64 * 1024;

interface FifoOptions {
  kernel: Kernel;
  random: RandomStream;
  faults: Pick<RuntimeFaults, 'split'>;
  /** The process that reads. */
  agent: SimulatedProcess;
  onUnlink: () => void;
}

/** One raw stream. It ends when no process has it open for writing and all of it has been read. */
export class Fifo implements RawOutput {
  readonly #options: FifoOptions;
  readonly #writers = new Set<SimulatedProcess>();
  #held: Buffer[] = [];
  #heldBytes = 0;
  #waiting: (() => void)[] = [];
  #hasAgentEnd = true;
  #reader: { onBytes: (bytes: Buffer) => boolean; onClosed: () => void } | undefined;
  /** Of the agent's next read. */
  #isReading = false;
  #isPaused = false;
  #isClosed = false;

  constructor(options: FifoOptions) {
    this.#options = options;
    options.agent.onKill(() => this.#close());
  }

  /** The process holds it open until it dies or `release` is called. */
  open(writer: SimulatedProcess): void {
    this.#writers.add(writer);
    writer.onKill(() => this.release(writer));
  }

  release(writer: SimulatedProcess): void {
    if (this.#writers.delete(writer)) this.#read();
  }

  /** Resolves in the writing process once there was room. Without a reader the bytes are lost. */
  async write(bytes: Buffer): Promise<void> {
    while (this.#heldBytes >= fifoBytes && !this.#isClosed) await this.#room();
    if (this.#isClosed) return;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    this.#read();
  }

  read(onBytes: (bytes: Buffer) => boolean, onClosed: () => void): void {
    this.#reader = { onBytes, onClosed };
    this.#read();
  }

  resume(): void {
    this.#isPaused = false;
    this.#read();
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#close();
    const { kernel, agent } = this.#options;
    kernel.schedule(0, agent, 'raw close', () => this.#reader?.onClosed());
  }

  releaseWriteEnd(): void {
    this.#hasAgentEnd = false;
    this.#read();
  }

  unlink(): void {
    this.#options.onUnlink();
  }

  #room(): Promise<void> {
    const { kernel, random } = this.#options;
    const writer = kernel.current;
    return new Promise((resolve) => {
      this.#waiting.push(() =>
        kernel.schedule(random.between(0.01, 0.05), writer, 'raw room', resolve),
      );
    });
  }

  #wakeWriters(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #close(): void {
    this.#isClosed = true;
    this.#held = [];
    this.#heldBytes = 0;
    this.#wakeWriters();
  }

  /** Schedules the agent's next read, if one is due. */
  #read(): void {
    const isEnded = this.#heldBytes === 0 && this.#writers.size === 0 && !this.#hasAgentEnd;
    if (!this.#reader || this.#isReading || this.#isPaused || this.#isClosed) return;
    if (this.#heldBytes === 0 && !isEnded) return;
    this.#isReading = true;
    const { kernel, random, agent } = this.#options;
    kernel.schedule(random.between(0.01, 0.3), agent, 'raw read', () => {
      this.#isReading = false;
      if (this.#isClosed || this.#isPaused) return;
      if (this.#heldBytes > 0) this.#isPaused = this.#reader?.onBytes(this.#take()) === false;
      else if (this.#writers.size === 0) return this.destroy();
      this.#wakeWriters();
      this.#read();
    });
  }

  #take(): Buffer {
    const { random, faults } = this.#options;
    const all = Buffer.concat(this.#held);
    const isPart = random.chance(faults.split);
    const bytes = Math.min(fifoBytes, isPart ? 1 + random.int(all.length) : all.length);
    const rest = all.subarray(bytes);
    this.#held = rest.length > 0 ? [rest] : [];
    this.#heldBytes = rest.length;
    return all.subarray(0, bytes);
  }
}
