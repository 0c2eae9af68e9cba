import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const owners = new AsyncLocalStorage<Socket | undefined>();

/** The connection whose handling the present code is a part of, directly or by what it started. */
export const connectionOwner = (): Socket | undefined => owners.getStore();

/**
 * Has all that the server does for a connection, and all that comes of it, belong to that
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
 * Runs work that belongs to no connection, although the handling of one has started it: others
 * depend on it too. Nobody waits for it, so its failure ends the process, as every failure does
 * that no connection owns.
 */
export function runDetached(work: () => unknown): void {
  owners.run(undefined, () => {
    const run = async () => work();
    run().catch(raise);
  });
}

/** Throws the error where nobody can catch it: guard-process.ts learns of it, and who owns it. */
export function raise(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** Node reports the events of a socket outside of what its connection has started. */
function ownEvents(socket: Socket): void {
  const emit: Emit = (event, ...args) => EventEmitter.prototype.emit.call(socket, event, ...args);
  const emitOwned: Emit = (...args) =>
    owners.run(socket, () => {
      try {
        return emit(...args);
      } catch (error) {
        // Thrown from here it would be nobody's again.
        raise(error);
        return true;
      }
    });
  socket.emit = emitOwned;
}
