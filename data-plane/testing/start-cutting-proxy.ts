import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  url: string;
  /**
   * For each connection in turn: how many response bytes it forwards before it resets the
   * connection. Connections after the last entry are not cut.
   */
  cuts: (number | undefined)[];
  connections(): number;
  /** Resets every open connection. */
  cutAll(): void;
  close(): Promise<void>;
}

/** Forwards to an agent and resets connections in the middle of its responses. */
export async function startCuttingProxy(agentPort: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const cuts: CuttingProxy['cuts'] = [];
  let connections = 0;
  const server = createServer((client) => {
    let left = cuts[connections++] ?? Number.POSITIVE_INFINITY;
    const agent = connect(agentPort, '127.0.0.1');
    const cut = () => {
      for (const socket of [client, agent]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    for (const socket of [client, agent])
      sockets.add(socket.on('error', () => {}).on('close', cut));
    client.on('data', (chunk) => agent.write(chunk));
    if (left === 0) client.once('data', () => setImmediate(cut));
    agent.on('data', (chunk: Buffer) => {
      const piece = chunk.subarray(0, left);
      left -= piece.length;
      client.write(piece, () => left <= 0 && cut());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    cuts,
    connections: () => connections,
    cutAll,
    async close() {
      cutAll();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}
