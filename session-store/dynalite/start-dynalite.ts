import dynalite from 'dynalite';
import { createDynamoDbClient } from '../dynamodb/create-client.ts';
import { ensureTable } from '../dynamodb/ensure-table.ts';
import { sessionsTable } from '../dynamodb/key-schema.ts';
import { type Listening, listenPrivately } from './listen.ts';

export interface RunningDynamoDb extends Listening {
  tableName: string;
}

/** Settings that the SDK needs for an endpoint that checks no signature. */
export const localAccess = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
};

/**
 * Starts dynalite in this process and in memory, on a Unix socket that only this user can reach,
 * and creates the table.
 */
export const startDynalite = async (
  tableName: string = sessionsTable.defaultName,
): Promise<RunningDynamoDb> => {
  const server = await listenPrivately(
    dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 }),
  );
  const client = createDynamoDbClient({ ...localAccess, endpoint: server.endpoint });
  try {
    await ensureTable(client, tableName);
    return { ...server, tableName };
  } catch (error) {
    await server.close();
    throw error;
  } finally {
    client.destroy();
  }
};
