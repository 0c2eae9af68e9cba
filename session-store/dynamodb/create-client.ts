import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { socketPathOf } from '@steppe/contracts/unix-socket';
import pLimit from 'p-limit';

export interface ClientOptions {
  region: string;
  /** A URL, or `unix:` and the path of a socket. Unset: AWS's own for the region. */
  endpoint?: string | undefined;
  /** Unset: the SDK's chain (environment, web identity, instance profile). */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | undefined;
  attemptTimeoutMs?: number | undefined;
  connectTimeoutMs?: number | undefined;
  /** The first included; the SDK backs off between them. */
  maxAttempts?: number | undefined;
}

/** The caller ends it with `destroy()`. */
export const createDynamoDbClient = (options: ClientOptions): DynamoDBClient => {
  const { endpoint } = options;
  const socketPath = endpoint === undefined ? undefined : socketPathOf(endpoint);
  const agent = { keepAlive: true, maxSockets, ...(socketPath !== undefined && { socketPath }) };
  const client = new DynamoDBClient({
    region: options.region,
    // On a socket the host is a name alone.
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
  // It takes each request and response apart for a logger that says nothing.
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

/** More sockets do not make a burst of misses faster, they make V8's scavenges slow (p99 25 ms). */
const maxSockets = 16;
