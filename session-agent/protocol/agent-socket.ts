import type { Duplex } from 'node:stream';
import { namedIssues } from '@steppe/service-kit/config/load-config';
import type { Clock } from '@steppe/service-kit/process/clock';
import * as z from 'zod';
import { decodeMessage } from './decode-message.ts';
import { encodeFrame, FrameDecoder } from './frame-codec.ts';
import {
  type SupervisorCommand,
  type SupervisorFrame,
  supervisorFrameSchema,
  type WorkerCommand,
  type WorkerFrame,
  workerFrameSchema,
} from './frames.ts';
import type { RuntimeTransport } from './runtime-transport.ts';

/** One connection, once its first frame has identified it. */
export interface Link<Frame, Command> {
  onFrame: (frame: Frame) => void;
  onClose: (protocolError: string | undefined) => void;
  send(command: Command): void;
  close(): void;
}
export type SupervisorLink = Link<SupervisorFrame, SupervisorCommand>;
export type WorkerLink = Link<WorkerFrame, WorkerCommand>;

interface RuntimeListeners {
  onSupervisor(link: SupervisorLink, hello: Extract<SupervisorFrame, { type: 'supervisor' }>): void;
  onWorker(link: WorkerLink, hello: Extract<WorkerFrame, { type: 'ready' }>): void;
  /**
   * A connection broke the protocol before it was identified. Only the runtime can reach the
   * socket.
   */
  onUnidentified(protocolError: string): void;
}

const maxHelloBytes = 64 * 1024;
/** A connection without a first frame is closed after this time. */
export const helloLimitMs = 1_000;

/**
 * Listens for the runtime. A connection whose first frame identifies neither a supervisor nor a
 * worker is closed.
 */
export async function listenForRuntime(
  { transport, clock }: { transport: RuntimeTransport; clock: Clock },
  { onSupervisor, onWorker, onUnidentified }: RuntimeListeners,
): Promise<void> {
  const onHello: OnHello = (hello, identify) => {
    const supervisor = supervisorFrameSchema.safeParse(hello);
    if (supervisor.data?.type === 'supervisor')
      return onSupervisor(identify(supervisorFrameSchema), supervisor.data);
    const worker = workerFrameSchema.safeParse(hello);
    if (worker.data?.type === 'ready') return onWorker(identify(workerFrameSchema), worker.data);
    throw new Error('the first frame of a connection must be a valid supervisor or ready');
  };
  await transport.listen(
    (connection) => readFrames(connection, { clock, onHello, onUnidentified }),
    onUnidentified,
  );
}

function protocolErrorOf(error: unknown): string {
  if (error instanceof z.ZodError) return `invalid frame: ${namedIssues(error).join('; ')}`;
  return error instanceof Error ? error.message : String(error);
}

type Identify = <F, C extends object>(schema: z.ZodType<F>) => Link<F, C>;

type OnHello = (hello: unknown, identify: Identify) => void;

interface FrameReaderOptions {
  clock: Clock;
  onHello: OnHello;
  onUnidentified(protocolError: string): void;
}

/** Passes the first frame to `onHello`, and all later ones to the link that it creates. */
function readFrames(
  connection: Duplex,
  { clock, onHello, onUnidentified }: FrameReaderOptions,
): void {
  const decoder = new FrameDecoder(decodeMessage, maxHelloBytes);
  let protocolError: string | undefined;
  let onClose = () => {
    if (protocolError) onUnidentified(protocolError);
  };
  connection.once('close', () => onClose());
  /** Frames are not trusted: one that cannot be parsed or handled closes its connection. */
  const guarded = (callback: () => void): void => {
    try {
      callback();
    } catch (error) {
      protocolError = protocolErrorOf(error);
      connection.destroy();
    }
  };
  const cancelTimeout = limitHello(connection, clock, () => {
    protocolError = `no first frame arrived within ${helloLimitMs} ms`;
    connection.destroy();
  });
  let take = (message: unknown): void => guarded(() => onHello(message, identify));
  const identify: Identify = <F, C extends object>(schema: z.ZodType<F>) => {
    const link: Link<F, C> = {
      onFrame: () => {},
      onClose: () => {},
      send: (command) => void (connection.writable && connection.write(encodeFrame(command))),
      close: () => connection.destroy(),
    };
    cancelTimeout();
    take = (message) => guarded(() => link.onFrame(schema.parse(message)));
    onClose = () => link.onClose(protocolError);
    return link;
  };
  connection.on('data', (chunk: Buffer) => {
    guarded(() => {
      for (const message of decoder.push(chunk)) if (!connection.destroyed) take(message);
    });
  });
}

/** @returns a function that cancels the limit; so does the end of the connection. */
function limitHello(connection: Duplex, clock: Clock, onLate: () => void): () => void {
  // If the agent itself was busy, the frame has arrived and is read before the second timer.
  let cancel = clock.after(helloLimitMs, () => {
    cancel = clock.after(0, onLate);
  });
  const stop = () => cancel();
  connection.once('close', stop);
  return stop;
}
