import { createServer, type RequestListener } from 'node:http';
import type { JWK } from 'jose';

/** An issuer's key server that a test can stop, break and slow down. */
export interface KeyServer {
  url: string;
  /** The number of requests so far. */
  requests(): number;
  publish(...keys: JWK[]): void;
  respondWith(response: RequestListener): void;
  /** Closes its port: connections are refused. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  restart(): Promise<void>;
}

export async function startKeyServer(...keys: JWK[]): Promise<KeyServer> {
  let requests = 0;
  let response: RequestListener;
  const publish: KeyServer['publish'] = (...published) => {
    response = (_, res) =>
      void res
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ keys: published }));
  };
  publish(...keys);
  const server = createServer((req, res) => {
    requests++;
    response(req, res);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  return {
    url: `http://127.0.0.1:${port}/jwks`,
    requests: () => requests,
    publish,
    respondWith(next) {
      response = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    restart: () => listen(port),
  };
}
