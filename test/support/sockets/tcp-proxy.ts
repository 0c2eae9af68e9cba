import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { joinSockets, type SocketFault, type SocketPair } from './socket-pair.ts';

/**
 * Stands between a caller and a port of this machine, and carries whatever they say, or does not.
 */
export interface TcpProxy {
  port: number;
  url: string;
  /** Where connections that are made from now on lead. */
  retarget(port: number): void;
  /** Of the connections that are open and of those to come, until the next word. */
  setFault(fault: SocketFault): void;
  /** Carries everything again. */
  heal(): void;
  /** Closes what is open. @returns how many connections that was */
  cut(): number;
  /** Nobody listens any more, and what is open is closed, until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  connections(): number;
  /** How often `cutAfter` has cut one off. */
  cutsMade(): number;
  close(): Promise<void>;
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  let present = target;
  let fault: SocketFault = {};
  let cutsMade = 0;
  const pairs = new Set<SocketPair>();
  const setFault = (next: SocketFault) => {
    fault = next;
    for (const pair of pairs) pair.setFault(next);
  };
  const onCut = () => {
    cutsMade += 1;
    setFault({});
  };
  const take = (caller: Socket) => {
    const pair = joinSockets({ caller, target: present, fault, onCut });
    pairs.add(pair);
    void pair.closed.then(() => pairs.delete(pair));
  };
  let server = await listen(0, take);
  const { port } = server.address() as AddressInfo;

  const cut = () => {
    const count = pairs.size;
    for (const pair of pairs) pair.cut();
    return count;
  };
  const refuse = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  };
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    retarget: (next) => {
      present = next;
    },
    setFault,
    heal: () => setFault({}),
    cut,
    refuse,
    async accept() {
      if (!server.listening) server = await listen(port, take);
    },
    connections: () => pairs.size,
    cutsMade: () => cutsMade,
    close: refuse,
  };
}

async function listen(port: number, take: (caller: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, take).listen(
    port,
    '127.0.0.1',
  );
  await once(server, 'listening');
  return server;
}
