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
/** All that comes back until the other side closes, however it does. */
const echoed = (socket: Socket) => {
  let all = '';
  socket.setEncoding('utf8').on('data', (piece) => {
    all += piece;
  });
  return once(socket, 'close').then(() => all);
};

test('it carries both directions whole, each to its own end', async () => {
  const caller = call();
  caller.end('x'.repeat(1_000_000));
  expect((await text(caller)).length).toBe(1_000_000);
});

test.each([0, 1, 5])('a response is cut off after %i bytes, and not before', async (bytes) => {
  proxy.setFault({ cutAfter: { direction: 'response', bytes } });
  const caller = call();
  const all = echoed(caller);
  caller.write('a longer text');
  expect(await all).toBe('a longer text'.slice(0, bytes));
});

test('a request is cut off after so many bytes', async () => {
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

test('what is stalled continues when it heals, with nothing lost', async () => {
  const caller = call();
  caller.write('before ');
  await once(caller.setEncoding('utf8'), 'data');
  proxy.setFault({ stalled: true });
  caller.end('after');
  const late = text(caller);
  const first = await Promise.race([
    late,
    new Promise((resolve) => setTimeout(resolve, 100, 'nothing')),
  ]);
  expect(first).toBe('nothing');
  proxy.heal();
  expect(await late).toBe('after');
});

test('what is slow comes in pieces of the size that was requested', async () => {
  proxy.setFault({ slow: { bytes: 2, everyMs: 5 } });
  const caller = call();
  caller.end('123456');
  const pieces: string[] = [];
  for await (const piece of caller) pieces.push(String(piece));
  expect(pieces.join('')).toBe('123456');
  expect(pieces.length).toBeGreaterThan(1);
});

test('a half-open connection does not tell that its caller left', async () => {
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
  // A second connection through the same proxy is accepted and gets a response: the first one's end
  // would have been told by now.
  const second = call();
  second.write('hello');
  await once(second, 'data');
  expect(closes).toEqual([]);
  expect(proxy.connections()).toBe(2);
  proxy.cut();
  await expect.poll(() => closes).toEqual(['left', 'left']);
  server.close();
});

test('it refuses connections, and takes them again at the same port', async () => {
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

test('a target that nobody listens at closes the connection', async () => {
  const gone = await listening(() => {});
  proxy.retarget(portOf(gone));
  gone.close();
  await once(gone, 'close');
  const caller = call();
  await once(caller.resume(), 'close');
});
