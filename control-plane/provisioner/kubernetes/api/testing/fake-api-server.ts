import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { KubeConfig, type User } from '@kubernetes/client-node';

export interface FakeRequest {
  method: string;
  url: URL;
  authorization: string | undefined;
  body: string;
}

export type FakeHandler = (request: FakeRequest, response: ServerResponse) => void;

/** Does over HTTP what a real API server cannot be made to do when a test needs it. */
export interface FakeApiServer {
  readonly requests: FakeRequest[];
  /** How many connections were opened so far. */
  connections(): number;
  /** The next requests get these responses, one each; the last handler responds to all others. */
  respond(...handlers: FakeHandler[]): void;
  load(): KubeConfig;
  close(): Promise<void>;
}

export async function startFakeApiServer(user: Partial<User> = {}): Promise<FakeApiServer> {
  const requests: FakeRequest[] = [];
  let handlers: FakeHandler[] = [];
  let connections = 0;
  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await text(incoming);
    const { method = '', url = '/', headers } = incoming;
    const request = { method, url: new URL(url, 'http://fake'), body };
    requests.push({ ...request, authorization: headers.authorization });
    const next = handlers.length > 1 ? handlers.shift() : handlers[0];
    if (!next) throw new Error(`no response for ${method} ${url}`);
    next({ ...request, authorization: headers.authorization }, response);
  };
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error) => response.destroy(error));
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    requests,
    connections: () => connections,
    respond(...next) {
      handlers = next;
    },
    load() {
      const config = new KubeConfig();
      config.loadFromClusterAndUser(
        // client-node refuses plain HTTP unless TLS may be skipped.
        { name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
        { name: 'tester', ...user },
      );
      return config;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** @param headers besides that of the type. */
export const sendJson =
  (status: number, body: object, headers: Record<string, string> = {}): FakeHandler =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

/** Breaks the connection instead of responding. */
export const breakOff: FakeHandler = (_request, response) => {
  response.destroy();
};

/** Sends the events of a watch, and leaves it open. */
export const sendEvents =
  (...events: object[]): FakeHandler =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
  };
