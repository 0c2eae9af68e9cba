import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { namedIssues } from '@steppe/service-kit/config/load-config';
import * as z from 'zod';
import { encodeFrame, FrameDecoder } from './frame-codec.ts';
import {
  type SupervisorCommand,
  type SupervisorFrame,
  supervisorFrameSchema,
  type WorkerCommand,
  type WorkerFrame,
  workerFrameSchema,
} from './frames.ts';

/** One connection, after its first frame said what it is. */
export interface Link<Frame, Command> {
  onFrame: (frame: Frame) => void;
  onClose: (protocolError: string | undefined) => void;
  send(command: Command): void;
  close(): void;
}
export type SupervisorLink = Link<SupervisorFrame, SupervisorCommand>;
export type WorkerLink = Link<WorkerFrame, WorkerCommand>;

interface AgentSocketOptions {
  runDirectory: string;
  onSupervisor(link: SupervisorLink, hello: Extract<SupervisorFrame, { type: 'supervisor' }>): void;
  onWorker(link: WorkerLink, hello: Extract<WorkerFrame, { type: 'ready' }>): void;
  /**
   * A connection that did not say what it is broke the protocol. The socket is within reach of the
   * runtime alone.
   */
  onStranger(protocolError: string): void;
}

/**
 * A supervisor and a worker, and as many that take their places before the old connections are
 * closed.
 */
const maxConnections = 4;
const maxHelloBytes = 64 * 1024;
const helloLimitMs = 1_000;

/** Listens on `agent.sock`. A connection whose first frame is neither of the two is dropped. */
export async function listenForRuntime({
  runDirectory,
  onSupervisor,
  onWorker,
  onStranger,
}: AgentSocketOptions) {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
    const onHello: OnHello = (hello, become) => {
      const supervisor = supervisorFrameSchema.safeParse(hello);
      if (supervisor.data?.type === 'supervisor')
        return onSupervisor(become(supervisorFrameSchema), supervisor.data);
      const worker = workerFrameSchema.safeParse(hello);
      if (worker.data?.type === 'ready') return onWorker(become(workerFrameSchema), worker.data);
      throw new Error('the first frame of a connection must be a valid supervisor or ready');
    };
    readFrames(socket, { onHello, onStranger });
  });
  server.maxConnections = maxConnections;
  server.on('drop', () => onStranger(`more than ${maxConnections} connections are open`));
  server.listen(join(runDirectory, 'agent.sock'));
  await once(server, 'listening');
  return {
    close: () => {
      server.close();
      for (const socket of connections) socket.destroy();
    },
  };
}

function protocolErrorOf(error: unknown): string {
  if (error instanceof z.ZodError)
    return `a frame that is not valid: ${namedIssues(error).join('; ')}`;
  return error instanceof Error ? error.message : String(error);
}

type Become = <F, C extends object>(schema: z.ZodType<F>) => Link<F, C>;

type OnHello = (hello: unknown, become: Become) => void;

/**
 * Hands the first frame to `onHello`, and all later ones to the link that it makes of the
 * connection.
 */
function readFrames(
  socket: Socket,
  { onHello, onStranger }: { onHello: OnHello; onStranger(protocolError: string): void },
): void {
  const decoder = new FrameDecoder(maxHelloBytes);
  let protocolError: string | undefined;
  let onClose = () => {
    if (protocolError) onStranger(protocolError);
  };
  socket.once('close', () => onClose());
  /**
   * What a peer sends is not trusted: anything that does not parse, or cannot be handled, closes
   * its connection.
   */
  const guarded = <T>(callback: () => T): T | undefined => {
    try {
      return callback();
    } catch (error) {
      protocolError = protocolErrorOf(error);
      socket.destroy();
      return undefined;
    }
  };
  const stopWaiting = waitForHello(socket, () => {
    protocolError = `no first frame came within ${helloLimitMs} ms`;
    socket.destroy();
  });
  let take = (message: unknown): void => guarded(() => onHello(message, become));
  const become: Become = <F, C extends object>(schema: z.ZodType<F>) => {
    const link: Link<F, C> = {
      onFrame: () => {},
      onClose: () => {},
      send: (command) => void (socket.writable && socket.write(encodeFrame(command))),
      close: () => socket.destroy(),
    };
    stopWaiting();
    take = (message) => guarded(() => link.onFrame(schema.parse(message)));
    onClose = () => link.onClose(protocolError);
    return link;
  };
  socket.on('data', (chunk: Buffer) => {
    guarded(() => {
      for (const message of decoder.push(chunk)) if (!socket.destroyed) take(message);
    });
  });
}

/** @returns how to stop waiting, which the end of the connection does too. */
function waitForHello(socket: Socket, onLate: () => void): () => void {
  let unread: NodeJS.Immediate | undefined;
  // Where the agent itself was busy the frame is there, and has yet to be read.
  const late = setTimeout(() => {
    unread = setImmediate(onLate);
  }, helloLimitMs);
  const stop = () => {
    clearTimeout(late);
    clearImmediate(unread);
  };
  socket.once('close', stop);
  return stop;
}
