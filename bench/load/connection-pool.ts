import { type Connection, openConnection } from './connection.ts';

/** Connections that stay open between requests; opens another one when all are in use. */
export interface ConnectionPool {
  take(): Connection;
  giveBack(connection: Connection): void;
  close(): void;
}

export function createConnectionPool(
  port: number,
  onError: (error: Error) => void,
): ConnectionPool {
  const idle: Connection[] = [];
  const opened: Connection[] = [];
  const open = (): Connection => {
    const connection = openConnection(port, onError);
    opened.push(connection);
    return connection;
  };
  return {
    take: () => idle.pop() ?? open(),
    giveBack: (connection) => void idle.push(connection),
    close() {
      for (const connection of opened) connection.close();
    },
  };
}
