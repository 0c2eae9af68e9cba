import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maxSocketPathBytes, unixEndpoint } from '@steppe/contracts/unix-socket';

export interface Listening {
  /** `http://127.0.0.1:port`, or `unix:/path`. */
  endpoint: string;
  /** Closes open connections too. */
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export const listen = async (server: Server): Promise<Listening> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { endpoint: `http://127.0.0.1:${portOf(server)}`, close: () => stop(server) };
};

/**
 * Listens on a Unix socket in a new directory that only this user can enter. The server checks no
 * signature, and on a port, other users and web pages of this machine could reach it.
 */
export const listenPrivately = async (server: Server): Promise<Listening> => {
  const directory = await makePrivateDirectory();
  const remove = () => rm(directory, { recursive: true, force: true });
  const path = join(directory, socketName);
  try {
    server.listen(path);
    await once(server, 'listening');
  } catch (error) {
    await remove();
    throw error;
  }
  return { endpoint: unixEndpoint(path), close: () => stop(server).finally(remove) };
};

const socketName = 'dynamodb.sock';

/**
 * `mkdtemp` creates the directory with mode 0700. A TMPDIR too deep for a socket path is not used.
 */
const makePrivateDirectory = (): Promise<string> => {
  const prefix = join(tmpdir(), 'steppe-store-');
  const isShort = Buffer.byteLength(join(`${prefix}XXXXXX`, socketName)) <= maxSocketPathBytes;
  return mkdtemp(isShort ? prefix : '/tmp/steppe-store-');
};

const stop = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });

/** The address of a server that listens on TCP is never a path or null. */
const portOf = (server: Server): number => (server.address() as AddressInfo).port;
