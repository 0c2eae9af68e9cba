import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** One address for services that restart, like a Service of Kubernetes. */
export interface Balancer {
  url: string;
  /** Sets the targets of all connections from now on. */
  pointAt(urls: readonly string[]): void;
  close(): Promise<void>;
}

export async function startBalancer(): Promise<Balancer> {
  let targets: readonly string[] = [];
  let turn = 0;
  const sockets = new Set<Socket>();

  const hold = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  };
  const pass = (client: Socket, left: readonly string[]) => {
    const [next, ...others] = left;
    if (next === undefined) return client.destroy();
    const { hostname, port } = new URL(next);
    const upstream = connect(Number(port), hostname);
    hold(upstream);
    upstream.once('error', () => pass(client, others));
    upstream.once('connect', () => {
      upstream.removeAllListeners('error').on('error', () => client.destroy());
      upstream.on('close', () => client.destroy());
      client.on('close', () => upstream.destroy());
      client.pipe(upstream).pipe(client);
    });
  };

  const server = createServer((client) => {
    hold(client);
    client.on('error', () => {});
    turn += 1;
    const first = turn % Math.max(targets.length, 1);
    pass(client, [...targets.slice(first), ...targets.slice(0, first)]);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    pointAt: (urls) => {
      targets = urls;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
