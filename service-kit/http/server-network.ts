import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';

/** The part of a network that accepts connections. */
export interface ServerNetwork {
  /** As `createServer` of node:http. */
  createServer(options: ServerOptions, handle: RequestListener): Server;
}

/** A service that opens no connections uses this alone: every agent would load undici for nothing. */
export const tcpServers: ServerNetwork = { createServer };
