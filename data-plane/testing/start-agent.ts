import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeAgent {
  url: string;
  port: number;
  /** Method and path of each request, in order. */
  seen: string[];
  requests: IncomingMessage[];
  server: Server;
  close(): Promise<void>;
}

/** A real server that plays an agent or the control-plane. */
export async function startAgent(handle: RequestListener, port = 0): Promise<FakeAgent> {
  const seen: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
    seen.push(`${req.method} ${req.url}`);
    requests.push(req);
    handle(req, res);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    seen,
    requests,
    server,
    close,
  };
}

/** Responds with the request that it received. */
export const echo: RequestListener = (req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const body = JSON.stringify({
      url: req.url,
      headers: req.headers,
      body: Buffer.concat(chunks).toString(),
    });
    res.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
};

/** A port on which nobody listens. */
export async function unusedUrl(): Promise<string> {
  const agent = await startAgent(echo);
  await agent.close();
  return agent.url;
}
