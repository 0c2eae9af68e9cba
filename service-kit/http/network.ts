import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { buildConnector } from 'undici';

/** Connections, as every service accepts and opens them: passed in, so that a simulation can replace them. */
export interface Network {
  /** As `createServer` of node:http. */
  createServer(options: ServerOptions, handle: RequestListener): Server;
  /** A connector for undici. It fails if a connection is not open after `timeoutMs`. */
  createConnector(timeoutMs: number): buildConnector.connector;
}

/** The machine's own network. */
export const tcpNetwork: Network = {
  createServer: (options, handle) => createServer(options, handle),
  createConnector: (timeout) => buildConnector({ timeout }),
};
