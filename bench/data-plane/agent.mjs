// A fake agent for the benchmark: accepts a step and responds at once. Prints its port.
import { createServer } from 'node:http';

const result = JSON.stringify({
  step_id: 'stp_bench',
  status: 'completed',
  stdout: '',
  results: [{ 'text/plain': '42' }],
}).padEnd(400);
const event = (seq) =>
  `event: stdout\nid: ${seq}\ndata: ${JSON.stringify({ type: 'stdout', seq, text: 'a'.repeat(100) })}\n\n`;
/** A stream of 40 MB, in the same batches that an agent writes. */
const batch = Array.from({ length: 64 }, (_, i) => event(i + 1)).join('');
const batches = Math.ceil((40 * 1024 * 1024) / batch.length);

const server = createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
  req.resume().on('end', () => {
    if (req.headers.accept === 'text/event-stream') return stream(res);
    res
      .writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(result),
      })
      .end(result);
  });
});

async function stream(res) {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let i = 0; i < batches; i++) {
    if (!res.write(batch)) await new Promise((resolve) => res.once('drain', resolve));
  }
  res.end();
}

server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
