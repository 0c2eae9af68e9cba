// Prints the latency that the data-plane adds to a step with a warm route, compared with the same
// step sent directly to its agent, in alternating rounds on loopback. RATE= requests per second
// (1000), ROUNDS= (3), SECONDS= of each round (3). Compare figures only within one run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportJWK, generateKeyPair } from 'jose';
import { asStream, atRate } from './data-plane/load.mjs';
import { startTable } from './data-plane/table.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const perSecond = Number(process.env.RATE ?? 1000);
const rounds = Number(process.env.ROUNDS ?? 3);
const seconds = Number(process.env.SECONDS ?? 3);
const sessionId = 'ses_bench';
const path = `/v1/sessions/${sessionId}/steps`;

const directory = mkdtempSync(join(tmpdir(), 'steppe-bench-'));
const agent = spawn(process.execPath, [`${root}bench/data-plane/agent.mjs`], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const agentPort = Number(String((await once(agent.stdout, 'data'))[0]));
const table = await startTable({
  sessionId,
  tenantId: 'development',
  address: `http://127.0.0.1:${agentPort}`,
});
const dataPlane = await startDataPlane(table.endpoint);
/** CPU time of the data-plane while it was loaded at that rate. */
const cpu = { seconds: 0 };
try {
  const headers = { 'content-type': 'application/json' };
  const targets = {
    direct: { port: agentPort, path, headers },
    'data-plane': { port: dataPlane.port, path, headers },
  };
  const rows = await measure(targets);
  console.table(rows);
  const added = (name) => (rows['data-plane'][name] - rows.direct[name]).toFixed(2);
  console.log(
    `at ${perSecond} requests/s the data-plane adds ${added('p50 ms')} ms at p50 and ${added('p95 ms')} ms at p95`,
  );
  console.log(
    `and takes ${Math.round((cpu.seconds / (rounds * seconds * perSecond)) * 1e6)} µs of CPU a request`,
  );
} finally {
  dataPlane.process.kill();
  agent.kill();
  table.close();
  rmSync(directory, { recursive: true });
}

async function measure(targets) {
  const measured = Object.keys(targets).map((name) => ({
    name,
    p50: [],
    p95: [],
    p99: [],
    stream: [],
  }));
  for (const target of Object.values(targets)) await atRate(target, { perSecond, seconds: 1 });
  for (let round = 0; round < rounds; round++) {
    for (const { name, p50, p95, p99, stream } of measured) {
      const before = cpuSeconds(dataPlane.process.pid);
      const latencies = await atRate(targets[name], { perSecond, seconds });
      cpu.seconds += cpuSeconds(dataPlane.process.pid) - before;
      for (const [share, into] of [
        [0.5, p50],
        [0.95, p95],
        [0.99, p99],
      ]) {
        into.push(latencies[Math.floor(latencies.length * share)]);
      }
      stream.push(await asStream(targets[name]));
    }
  }
  const row = ({ p50, p95, p99, stream }) => ({
    'p50 ms': median(p50),
    'p95 ms': median(p95),
    'p99 ms': median(p99),
    'stream MB/s': Math.round(median(stream)),
  });
  return Object.fromEntries(measured.map((one) => [one.name, row(one)]));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return Number(sorted[Math.floor(sorted.length / 2)].toFixed(3));
}

async function startDataPlane(endpoint) {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const keyFile = join(directory, 'key.json');
  writeFileSync(keyFile, JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'bench' }));
  const [port, operatorPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [`${root}dist/data-plane.mjs`], {
    env: {
      PATH: process.env.PATH,
      STEPPE_ENV: 'test',
      AUTH_MODE: 'bypass',
      HOST: '127.0.0.1',
      PORT: String(port),
      OPERATOR_PORT: String(operatorPort),
      CONTROL_PLANE_URL: 'http://127.0.0.1:9',
      INTERNAL_KEY_FILE: keyFile,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      DYNAMODB_ENDPOINT: endpoint,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  while (!(await fetch(`http://127.0.0.1:${operatorPort}/readyz`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null) throw new Error(`the data-plane ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { process: child, port };
}

/** User and system time; Linux counts them in hundredths of a second. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
