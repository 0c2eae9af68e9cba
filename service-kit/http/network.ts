import { buildConnector } from 'undici';
import { type ServerNetwork, tcpServers } from './server-network.ts';

/**
 * Connections, as every service accepts and opens them: passed in, so that a simulation can replace
 * them.
 */
export interface Network extends ServerNetwork {
  /** A connector for undici. It fails if a connection is not open after `timeoutMs`. */
  createConnector(timeoutMs: number): buildConnector.connector;
}

/** The machine's own network. */
export const tcpNetwork: Network = {
  ...tcpServers,
  createConnector: (timeout) => buildConnector({ timeout }),
};
