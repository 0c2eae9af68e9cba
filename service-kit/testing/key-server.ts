import { createServer, type RequestListener } from 'node:http';
import type { JWK } from 'jose';

/** An issuer's key server that a test can put out, confuse and slow down. */
export interface KeyServer {
  url: string;
  /** Requests so far. */
  asked(): number;
  publish(...keys: JWK[]): void;
  answerWith(answer: RequestListener): void;
  /** Nobody listens at its port any more. */
  stop(): Promise<void>;
  /** It listens again at the same port. */
  restart(): Promise<void>;
}

export async function startKeyServer(...keys: JWK[]): Promise<KeyServer> {
  let asked = 0;
  let answer: RequestListener;
  const publish: KeyServer['publish'] = (...published) => {
    answer = (_, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: published }));
  };
  publish(...keys);
  const server = createServer((req, res) => {
    asked++;
    answer(req, res);
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  return {
    url: `http://127.0.0.1:${port}/jwks`,
    asked: () => asked,
    publish,
    answerWith(next) {
      answer = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    restart: () => listen(port),
  };
}
