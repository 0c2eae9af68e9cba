import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { socketPathOf } from '@steppe/contracts/unix-socket';
import pLimit from 'p-limit';

export interface ClientOptions {
  region: string;
  /**
   * A URL, or `unix:` and the path of a socket. Unset: the default endpoint of AWS for the region.
   */
  endpoint?: string | undefined;
  /** Unset: the SDK's chain (environment, web identity, instance profile). */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
  attemptTimeoutMs?: number | undefined;
  connectTimeoutMs?: number | undefined;
  /** Includes the first attempt; the SDK backs off between attempts. */
  maxAttempts?: number | undefined;
}

/** The caller must call `destroy()` on the client. */
export const createDynamoDbClient = (options: ClientOptions): DynamoDBClient => {
  const { endpoint } = options;
  const socketPath = endpoint === undefined ? undefined : socketPathOf(endpoint);
  const agent = { keepAlive: true, maxSockets, ...(socketPath !== undefined && { socketPath }) };
  const client = new DynamoDBClient({
    region: options.region,
    // On a socket the host is only a name.
    ...(endpoint !== undefined && {
      endpoint: socketPath === undefined ? endpoint : 'http://localhost',
    }),
    ...(options.credentials !== undefined && { credentials: options.credentials }),
    maxAttempts: options.maxAttempts ?? 3,
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs ?? 500,
      requestTimeout: options.attemptTimeoutMs ?? 1_000,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  // It serialises each request and response for a logger that logs nothing.
  client.middlewareStack.remove('loggerMiddleware');
  // The handler's limits run from the moment it is called: a call that waited there for a socket
  // would look like an outage.
  const oneASocket = pLimit(maxSockets);
  client.middlewareStack.add((send) => (request) => oneASocket(() => send(request)), {
    name: 'waitForSocket',
    step: 'deserialize',
    priority: 'low',
  });
  return client;
};

/** More sockets do not make a burst of misses faster; they slow down V8's scavenges (p99 25 ms). */
const maxSockets = 16;
