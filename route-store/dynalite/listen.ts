import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  /** `http://127.0.0.1:port`. */
  endpoint: string;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export const listen = async (server: Server): Promise<Listening> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${portOf(server)}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
};

/** The address of a server that listens on TCP is never a path or null. */
const portOf = (server: Server): number => (server.address() as AddressInfo).port;
