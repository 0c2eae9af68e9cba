import { connect } from 'node:net';

/**
 * When a hostile client disconnects: at once, after it has sent the bytes, or at the first byte of
 * a response.
 */
export type LeavesAt = 'connect' | 'sent' | 'response';

const request = (method: string, path: string, ...lines: string[]) =>
  [`${method} ${path} HTTP/1.1`, 'Host: a', ...lines, '', ''].join('\r\n');
const get = request('GET', '/livez');
const connectRequest = request('CONNECT', 'x:1');
const upgrade = request('GET', '/livez', 'Connection: Upgrade', 'Upgrade: websocket');

/** Bytes that no well-behaved client sends, by name. */
export const hostileBytes = {
  CONNECT: connectRequest,
  'CONNECT behind requests': get.repeat(3) + connectRequest,
  'CONNECT with bytes behind it': `${connectRequest}${'x'.repeat(10_000)}`,
  upgrade: `${upgrade}\x81\x05hello`,
  'upgrade behind requests': get.repeat(3) + upgrade + get,
  'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'a flood of requests': get.repeat(200),
  'oversize headers': request('GET', '/livez', `A: ${'a'.repeat(30_000)}`),
  'many header lines': request('GET', '/livez', ...Array.from({ length: 3_000 }, () => 'a:')),
  'half a request': get.slice(0, -10),
  'half a body': `${request('POST', '/v1/sessions', 'Content-Length: 1000')}{"runtime":`,
  'half a chunk': `${request('PUT', '/v1/sessions', 'Transfer-Encoding: chunked')}ffff\r\nhalf`,
  'a chunk that is none': `${request('PUT', '/v1/sessions', 'Transfer-Encoding: chunked')}zz\r\n`,
  garbage: '\0\x01\x02 garbage\r\n\r\n'.repeat(50),
  nothing: '',
} satisfies Record<string, string>;

/**
 * Resolves when the connection is closed, with false if it never opened. The client resets it,
 * unless the server closes it first.
 */
export function sendAndReset(
  port: number,
  text: string,
  leavesAt: LeavesAt = 'sent',
): Promise<boolean> {
  return new Promise((resolve) => {
    let isConnected = false;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.once('close', () => resolve(isConnected));
    socket.once('connect', () => {
      isConnected = true;
      const leave = () => socket.resetAndDestroy();
      if (leavesAt === 'connect') leave();
      else if (leavesAt === 'response')
        socket.once('data', leave).once('end', leave).write(text, 'latin1');
      else socket.write(text, 'latin1', leave);
      // The server does not respond to every input.
      socket.setTimeout(200, leave);
    });
  });
}
