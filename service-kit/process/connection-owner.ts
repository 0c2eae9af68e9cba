import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const owners = new AsyncLocalStorage<Socket | undefined>();

/**
 * Returns the connection whose handling runs the current code, directly or through work that it
 * started.
 */
export const connectionOwner = (): Socket | undefined => owners.getStore();

/**
 * Assigns all work that the server does for a connection, and everything it starts, to that
 * connection.
 */
export function ownConnections(server: Server): void {
  const emit: Emit = (event, ...args) => EventEmitter.prototype.emit.call(server, event, ...args);
  const emitOwned: Emit = (event, ...args) => {
    const [socket] = args;
    if (event !== 'connection') return emit(event, ...args);
    const connection = socket as Socket;
    ownEvents(connection);
    return owners.run(connection, () => emit(event, ...args));
  };
  server.emit = emitOwned;
}

/**
 * Runs work that belongs to no connection, although the handling of one has started it, because
 * others depend on it too. Nobody waits for it, so its failure ends the process, like every failure
 * that no connection owns.
 */
export function runDetached(work: () => unknown): void {
  owners.run(undefined, () => {
    const run = async () => work();
    run().catch(raise);
  });
}

/** Throws the error so that nobody can catch it: guard-process.ts receives it, with its owner. */
export function raise(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** Node emits the events of a socket outside the async context of its connection. */
function ownEvents(socket: Socket): void {
  const emit: Emit = (event, ...args) => EventEmitter.prototype.emit.call(socket, event, ...args);
  const emitOwned: Emit = (...args) =>
    owners.run(socket, () => {
      try {
        return emit(...args);
      } catch (error) {
        // If it were thrown from here, no connection would own it.
        raise(error);
        return true;
      }
    });
  socket.emit = emitOwned;
}
