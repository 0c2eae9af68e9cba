import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stepResponse } from './step-response.ts';

// The other side of the hop, which costs next to nothing: it discards what it receives, sends files
// out of memory, and holds steps until it is told to complete them.

const fileBytes = Number(process.argv[2] ?? 0);
/** As often as an agent sends a space in front of the result of a step that runs. */
const keepaliveMs = 5_000;
const chunk = Buffer.alloc(256 * 1024, 'steppe ');
let held: ServerResponse[] = [];

const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 }, (req, res) => {
  if (req.method === 'GET') return sendFile(res);
  req.resume().on('end', () => (req.method === 'PUT' ? acceptFile(res) : hold(res)));
});

function hold(res: ServerResponse): void {
  held.push(res);
  process.send?.({ held: held.length });
}

setInterval(() => {
  for (const res of held) {
    if (!res.headersSent) res.writeHead(200, { 'content-type': 'application/json' });
    res.write(' ');
  }
}, keepaliveMs);

process.on('message', () => {
  for (const res of held) {
    if (!res.headersSent) res.writeHead(200, stepResponse.headers);
    res.end(stepResponse.body);
  }
  held = [];
});

function acceptFile(res: ServerResponse): void {
  res.writeHead(201, { etag: '"1"', 'content-length': '0' }).end();
}

async function sendFile(res: ServerResponse): Promise<void> {
  res.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': String(fileBytes),
    etag: '"1"',
  });
  for (let left = fileBytes; left > 0; left -= chunk.length) {
    const isAccepted = res.write(left < chunk.length ? chunk.subarray(0, left) : chunk);
    if (!isAccepted) await new Promise((resolve) => res.once('drain', resolve));
  }
  res.end();
}

process.on('disconnect', () => process.exit());

server.listen(0, '127.0.0.1', 4096, () => process.stdout.write(`${portOf(server.address())}\n`));

const portOf = (address: AddressInfo | string | null): number => {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};
