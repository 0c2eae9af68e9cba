import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

let echo: Server;
let proxy: TcpProxy;
beforeEach(async () => {
  echo = await listening((socket) => socket.pipe(socket), true);
  proxy = await startTcpProxy(portOf(echo));
});
afterEach(async () => {
  await proxy.close();
  echo.close();
});

const portOf = (server: Server) => (server.address() as AddressInfo).port;
async function listening(take: (socket: Socket) => void, allowHalfOpen = false): Promise<Server> {
  const server = createServer({ allowHalfOpen }, (socket) =>
    take(socket.on('error', () => {})),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
const call = () => connect(proxy.port, '127.0.0.1').on('error', () => {});
/** Everything that arrives until the connection closes, in whatever way. */
const echoed = (socket: Socket) => {
  let all = '';
  socket.setEncoding('utf8').on('data', (piece) => {
    all += piece;
  });
  return once(socket, 'close').then(() => all);
};

test('forwards all bytes in both directions, and the end of each', async () => {
  const caller = call();
  caller.end('x'.repeat(1_000_000));
  expect((await text(caller)).length).toBe(1_000_000);
});

test.each([0, 1, 5])('cuts off a response after exactly %i bytes', async (bytes) => {
  proxy.setFault({ cutAfter: { direction: 'response', bytes } });
  const caller = call();
  const all = echoed(caller);
  caller.write('a longer text');
  expect(await all).toBe('a longer text'.slice(0, bytes));
});

test('cuts off a request after the given number of bytes', async () => {
  const received: string[] = [];
  const server = await listening(
    (socket) => void echoed(socket.resume()).then((all) => received.push(all)),
  );
  proxy.retarget(portOf(server));
  proxy.setFault({ cutAfter: { direction: 'request', bytes: 3 } });
  const caller = call();
  caller.write('a longer text');
  await once(caller.resume(), 'close');
  await expect.poll(() => received).toEqual(['a l']);
  server.close();
});

test('continues a stalled connection without loss when it heals', async () => {
  const caller = call();
  caller.write('before ');
  await once(caller.setEncoding('utf8'), 'data');
  proxy.setFault({ stalled: true });
  caller.end('after');
  const order: string[] = [];
  const late = text(caller).then((received) => void order.push(received));
  // Meanwhile others exchange bytes with the server, past the proxy.
  for (let exchange = 0; exchange < 20; exchange++) {
    const other = connect(portOf(echo), '127.0.0.1');
    other.end('other');
    expect(await text(other)).toBe('other');
  }
  order.push('healed');
  proxy.heal();
  await late;
  expect(order).toEqual(['healed', 'after']);
});

test('forwards in pieces while it is slow', async () => {
  proxy.setFault({ slow: { bytes: 2, everyMs: 5 } });
  const caller = call();
  caller.end('123456');
  const pieces: string[] = [];
  for await (const piece of caller) pieces.push(String(piece));
  expect(pieces.join('')).toBe('123456');
  expect(pieces.length).toBeGreaterThan(1);
});

test('hides the disconnect of the caller while it is half-open', async () => {
  const closes: string[] = [];
  const server = await listening((socket) => {
    socket.on('data', () => socket.write('x')).on('close', () => closes.push('left'));
  });
  proxy.retarget(portOf(server));
  const caller = call();
  caller.write('hello');
  await once(caller, 'data');
  proxy.setFault({ halfOpen: true });
  caller.destroy();
  // A second connection through the same proxy gets a response: by then the server would have seen
  // the end of the first one.
  const second = call();
  second.write('hello');
  await once(second, 'data');
  expect(closes).toEqual([]);
  expect(proxy.connections()).toBe(2);
  proxy.cut();
  await expect.poll(() => closes).toEqual(['left', 'left']);
  server.close();
});

test('refuses connections, then accepts them again on the same port', async () => {
  const open = call();
  open.write('x');
  await once(open, 'data');
  await proxy.refuse();
  await once(open, 'close');
  const [error] = await once(connect(proxy.port, '127.0.0.1'), 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.accept();
  const caller = call();
  caller.end('again');
  expect(await text(caller)).toBe('again');
});

test('closes the connection if nothing listens on the target port', async () => {
  const gone = await listening(() => {});
  proxy.retarget(portOf(gone));
  gone.close();
  await once(gone, 'close');
  const caller = call();
  await once(caller.resume(), 'close');
});
