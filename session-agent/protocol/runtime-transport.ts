import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fstatSync, openSync, unlinkSync } from 'node:fs';
import { chmod, mkdtemp, rename, unlink } from 'node:fs/promises';
import { type ConnectOpts, createServer, Socket, type SocketConstructorOpts } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { systemCode } from '../workspace/file-system/file-error.ts';

/** How the agent reaches its runtime: bytes only, so that a simulation can take its place. */
export interface RuntimeTransport {
  /**
   * Accepts the connections of supervisors and workers. The first frame says which of them it is.
   * `onRefused` gets the reason for each connection that was not accepted.
   */
  listen(
    onConnection: (connection: Duplex) => void,
    onRefused: (reason: string) => void,
  ): Promise<void>;
  /** Opens the raw streams of the worker of that epoch, replacing what user code put there. */
  openStreams(epoch: number): Promise<{ out: RawOutput; err: RawOutput }>;
  /** Stops listening and closes all connections. May be called twice, and before `listen`. */
  close(): void;
}

/** The agent's end of a worker's fd 1 or 2. */
export interface RawOutput {
  /**
   * Starts to read. `onBytes` must copy what it keeps, and returns false to stop until `resume`.
   * `onClosed` is called once every process that could write has exited and all output has been
   * read, or after `destroy`.
   */
  read(onBytes: (bytes: Buffer) => boolean, onClosed: () => void): void;
  resume(): void;
  /** Stops reading; what is left is lost. */
  destroy(): void;
  /** The worker has opened its end, so the agent's own write end is closed. May be called twice. */
  releaseWriteEnd(): void;
  /** Removes the stream's name; what was written can still be read. */
  unlink(): void;
}

/** A supervisor and a worker, and one of each that replaces them before the old ones close. */
const maxConnections = 4;
const mkfifoLimitMs = 5_000;
/** What a FIFO holds. */
const readBytes = 64 * 1024;

const run = promisify(execFile);

/** The Unix socket `agent.sock` and the FIFOs `<epoch>.out` and `<epoch>.err` in a directory. */
export function createRuntimeTransport(runDirectory: string): RuntimeTransport {
  const connections = new Set<Socket>();
  const server = createServer();
  server.maxConnections = maxConnections;
  return {
    async listen(onConnection, onRefused) {
      server.on('connection', (socket) => {
        connections.add(socket);
        socket.once('close', () => connections.delete(socket));
        socket.on('error', () => socket.destroy());
        onConnection(socket);
      });
      server.on('drop', () => onRefused(`more than ${maxConnections} connections are open`));
      server.listen(join(runDirectory, 'agent.sock'));
      await once(server, 'listening');
    },
    async openStreams(epoch) {
      const paths = await makeFifos(runDirectory, epoch);
      const out = openRawOutput(paths.out);
      try {
        return { out, err: openRawOutput(paths.err) };
      } catch (error) {
        out.releaseWriteEnd();
        out.destroy();
        throw error;
      }
    },
    close() {
      server.close();
      for (const socket of connections) socket.destroy();
    },
  };
}

/**
 * Creates a worker's two FIFOs, replacing what user code put there. Node itself cannot create one.
 */
async function makeFifos(
  runDirectory: string,
  epoch: number,
): Promise<{ out: string; err: string }> {
  const out = join(runDirectory, `${epoch}.out`);
  const err = join(runDirectory, `${epoch}.err`);
  // User code may have removed the owner's permissions. It cannot change a directory that belongs
  // to another user, and then neither can the agent.
  await chmod(runDirectory, 0o700).catch(() => {});
  await Promise.all([out, err].map(clear));
  // The environment contains only the path: a supervisor recognises processes that user code left
  // behind by the instance id in their environment, and would kill this one.
  const env = { PATH: '/usr/bin:/bin' };
  await run('mkfifo', ['-m', '600', out, err], { timeout: mkfifoLimitMs, env });
  return { out, err };
}

/**
 * A directory is moved away, because removing its contents could take long or be forbidden. It is
 * removed with the run directory.
 */
async function clear(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') await rename(path, join(await mkdtemp(`${path}.`), 'old'));
  }
}

function openRawOutput(path: string): RawOutput {
  const readEnd = openFifo(path, constants.O_RDONLY);
  // A FIFO without a writer reads as ended: the agent's own write end keeps it open until the
  // worker has opened its own.
  let writeEnd: number | undefined = closeOnError(readEnd, () =>
    openFifo(path, constants.O_WRONLY),
  );
  let onBytes = (_bytes: Buffer): boolean => false;
  // A new buffer for each of many small reads would cost more than they do.
  const buffer = Buffer.alloc(readBytes);
  const options: SocketConstructorOpts & ConnectOpts = {
    ...{ fd: readEnd, readable: true, writable: false, manualStart: true },
    onread: { buffer, callback: (length) => onBytes(buffer.subarray(0, length)) },
  };
  const socket = new Socket(options);
  return {
    read(given, onClosed) {
      onBytes = given;
      socket.on('error', () => socket.destroy());
      socket.once('close', onClosed);
      socket.resume();
    },
    resume: () => void socket.resume(),
    destroy: () => void socket.destroy(),
    releaseWriteEnd() {
      if (writeEnd !== undefined) closeSync(writeEnd);
      writeEnd = undefined;
    },
    unlink() {
      try {
        unlinkSync(path);
      } catch {
        // It was removed, or user code replaced it with a directory, which `clear` moves away when
        // the name is needed again.
      }
    },
  };
}

/** User code can replace a FIFO with anything: opening it never blocks and follows no link. */
function openFifo(path: string, mode: number): number {
  const fd = openSync(path, mode | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  return closeOnError(fd, () => {
    if (!fstatSync(fd).isFIFO()) throw new Error(`${path} is not a FIFO`);
    return fd;
  });
}

function closeOnError<T>(fd: number, callback: () => T): T {
  try {
    return callback();
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
