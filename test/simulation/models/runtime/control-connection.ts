import { Duplex } from 'node:stream';
import {
  decodeTrusted,
  encodeFrame,
  FrameDecoder,
} from '../../../../session-agent/protocol/frame-codec.ts';
import type { Kernel, SimulatedProcess } from '../../kernel/kernel.ts';
import type { RandomStream } from '../../kernel/random-stream.ts';
import { inOrder, split } from './in-order.ts';
import type { RuntimeFaults } from './runtime-faults.ts';

export interface ControlOptions {
  kernel: Kernel;
  random: RandomStream;
  faults: Pick<RuntimeFaults, 'split'>;
  agent: SimulatedProcess;
  /** The supervisor or worker at the other end. */
  peer: SimulatedProcess;
  /** A frame of the agent, decoded. */
  onCommand: (command: unknown) => void;
  /** The agent has closed it, or is dead. */
  onClosed: () => void;
}

export interface ControlConnection {
  /** What the agent's listener gets. */
  agentEnd: Duplex;
  /** @param bundle the JSON text of a `display`. */
  send(frame: object, bundle?: string): void;
  close(): void;
}

/** A connection to `agent.sock`. It closes when the process at either end dies. */
export function connectControl(options: ControlOptions): ControlConnection {
  const { kernel, random, faults, agent, peer, onCommand, onClosed } = options;
  const toAgent = inOrder(kernel, random, agent);
  const toPeer = inOrder(kernel, random, peer);
  const decoder = new FrameDecoder(decodeTrusted);
  let isOpen = true;
  const closePeer = () =>
    toPeer('closed', () => {
      if (isOpen) onClosed();
      isOpen = false;
    });
  const receive = (part: Buffer) => {
    for (const command of decoder.push(part)) if (isOpen) onCommand(command);
  };
  const agentEnd = new AgentEnd({
    onWrite: (bytes) => {
      for (const part of split(bytes, random, faults.split)) toPeer('command', () => receive(part));
    },
    onDestroy: closePeer,
  });
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    toAgent('end', () => agentEnd.receive(null));
  };
  agent.onKill(closePeer);
  peer.onKill(close);
  return {
    agentEnd,
    send(frame, bundle) {
      if (!isOpen) return;
      for (const part of split(encodeFrame(frame, bundle), random, faults.split))
        toAgent('frame', () => agentEnd.receive(part));
    },
    close,
  };
}

interface AgentEndEvents {
  onWrite: (bytes: Buffer) => void;
  onDestroy: () => void;
}

class AgentEnd extends Duplex {
  readonly #events: AgentEndEvents;

  constructor(events: AgentEndEvents) {
    super({ allowHalfOpen: false });
    this.#events = events;
  }

  /** @param bytes null at the end. */
  receive(bytes: Buffer | null): void {
    if (!this.destroyed) this.push(bytes);
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#events.onWrite(Buffer.from(bytes));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#events.onDestroy();
    done(error);
  }
}
