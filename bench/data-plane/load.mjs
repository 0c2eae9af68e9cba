// Loads one address with steps: either at a fixed rate, where each is timed from its due time, or
// with one stream as fast as it arrives.
import { Agent, request } from 'node:http';

/** @returns the sorted ms from the due time of each request to the end of its response. */
export async function atRate(target, { perSecond, seconds }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  const startedAt = performance.now();
  const total = perSecond * seconds;
  const latencies = [];
  const running = [];
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
    for (; sent < due; sent++) {
      const dueAt = startedAt + (sent / perSecond) * 1000;
      running.push(call(target, agent).then(() => latencies.push(performance.now() - dueAt)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
  agent.destroy();
  return latencies.sort((a, b) => a - b);
}

/** @returns MB/s of one stream. */
export async function asStream(target) {
  const agent = new Agent();
  const startedAt = performance.now();
  const bytes = await call(
    { ...target, headers: { ...target.headers, accept: 'text/event-stream' } },
    agent,
  );
  agent.destroy();
  return bytes / 1024 / 1024 / ((performance.now() - startedAt) / 1000);
}

const body = JSON.stringify({ code: 'x += 1' });

function call({ port, path, headers }, agent) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers });
    sent.on('error', reject).on('response', (response) => {
      let bytes = 0;
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response
        .on('data', (chunk) => {
          bytes += chunk.length;
        })
        .on('end', () => resolve(bytes))
        .on('error', reject);
    });
    sent.end(body);
  });
}
