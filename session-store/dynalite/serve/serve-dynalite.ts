import { once } from 'node:events';
import { createServer } from 'node:http';
import dynalite from 'dynalite';
import { createDynamoDbClient } from '../../dynamodb/create-client.ts';
import { ensureTable } from '../../dynamodb/ensure-table.ts';
import { listen } from '../listen.ts';
import { localAccess } from '../start-dynalite.ts';

interface ServeOptions {
  host: string;
  /** 0 selects a free port. */
  port: number;
  dataDirectory: string;
  tableName: string;
}

/**
 * Serves dynalite to the network, with its tables in a directory. It checks no signature: a network
 * policy has to say who reaches it. It listens only when the sessions table exists.
 */
export async function serveDynalite({ host, port, dataDirectory, tableName }: ServeOptions) {
  const store = dynalite({
    path: dataDirectory,
    createTableMs: 0,
    updateTableMs: 0,
    deleteTableMs: 0,
  });
  const own = await listen(store);
  const client = createDynamoDbClient({ ...localAccess, endpoint: own.endpoint });
  try {
    await ensureTable(client, tableName);
  } finally {
    client.destroy();
  }
  const server = createServer((request, response) => void store.emit('request', request, response));
  server.listen(port, host);
  await once(server, 'listening');
  return {
    /** The address of a server that listens on TCP is never a path or null. */
    port: Object(server.address()).port as number,
    async close() {
      server.close();
      server.closeAllConnections();
      await own.close();
    },
  };
}
