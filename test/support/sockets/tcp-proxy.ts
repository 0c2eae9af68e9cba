import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { joinSockets, type SocketFault, type SocketPair } from './socket-pair.ts';

/** Forwards connections to a port of this machine, subject to the fault that is set. */
export interface TcpProxy {
  port: number;
  url: string;
  /** Sets the target port of connections from now on. */
  retarget(port: number): void;
  /** Sets the fault of all open and future connections, until the next call. */
  setFault(fault: SocketFault): void;
  /** Forwards everything again. */
  heal(): void;
  /** Closes the open connections. @returns their number */
  cut(): number;
  /** Closes the open connections and stops listening until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  connections(): number;
  /** How often `cutAfter` has closed a connection. */
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
