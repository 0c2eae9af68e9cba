import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SimulatedSocket } from './simulated-socket.ts';

/** Starts to accept connections at an address. */
export type Listen = (
  host: string,
  port: number,
  accept: (socket: SimulatedSocket) => void,
) => { address: AddressInfo; stop: () => void };

/** Node would set a timer of the machine for it. */
class UndatedResponse extends ServerResponse {
  constructor(request: IncomingMessage) {
    super(request);
    this.sendDate = false;
  }
}

/** Node's own HTTP server, on connections of a simulated network. */
export function createHttpServer(
  options: ServerOptions,
  handle: RequestListener,
  listen: Listen,
): Server {
  const server = createServer({ ...options, ServerResponse: UndatedResponse }, handle);
  const open = new Set<SimulatedSocket>();
  let address: AddressInfo | null = null;
  let isClosing = false;
  let stop = () => {};
  const closeIfDrained = () => {
    if (isClosing && open.size === 0) process.nextTick(() => server.emit('close'));
  };
  const accept = (socket: SimulatedSocket) => {
    if (server.maxConnections && open.size >= server.maxConnections) return void socket.destroy();
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      closeIfDrained();
    });
    server.emit('connection', socket);
  };
  return Object.assign(server, {
    listen(port: number, host: string) {
      ({ address, stop } = listen(host, port, accept));
      process.nextTick(() => {
        server.emit('listening');
        stopSweep(server);
      });
      return server;
    },
    address: () => address,
    close() {
      isClosing = true;
      stop();
      closeIfDrained();
      return server;
    },
    closeIdleConnections() {
      for (const socket of connectionsOf(server, 'idle'))
        if (!socket._httpMessage || socket._httpMessage.finished) socket.destroy();
    },
    closeAllConnections() {
      for (const socket of connectionsOf(server, 'all')) socket.destroy();
    },
  });
}

type HttpSocket = SimulatedSocket & { _httpMessage?: ServerResponse | null };

/** Node lists its connections in the order of their addresses in memory. */
function connectionsOf(server: Server, which: 'idle' | 'all'): HttpSocket[] {
  const list = internal<{ [key in typeof which]: () => { socket: HttpSocket }[] }>(
    server,
    'http.server.connections',
  );
  const sockets = list?.[which]().map(({ socket }) => socket) ?? [];
  return sockets.sort((a, b) => a.id - b.id);
}

/** The sweep of connections without a complete request runs by the time of the machine. */
const stopSweep = (server: Server): void =>
  internal<NodeJS.Timeout>(server, 'http.server.connectionsCheckingInterval')?.[Symbol.dispose]();

/** A property that Node keeps under a symbol of its own; the caller knows its type. */
function internal<T>(server: Server, description: string): T | undefined {
  const symbols = Object.getOwnPropertySymbols(server);
  const symbol = symbols.find((each) => each.description === description);
  return symbol && (Reflect.get(server, symbol) as T);
}
