// Follows the README: clones the repository, runs `make run`, pastes the commands of the banner and
// the README, presses Ctrl-C, and checks that nothing is left. Prints the time from the clone to
// the response of the first step.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'readme-smoke-test-'));
const clone = join(home, 'steppe');

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Command line and environment of each process that was started from the clone. */
function ownProcesses() {
  const pids = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && name !== String(process.pid),
  );
  return pids
    .map((pid) => `${read(`/proc/${pid}/cmdline`)}\0${read(`/proc/${pid}/environ`)}`)
    .filter((text) => text.includes(clone));
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const paste = (commands, env) =>
  execFileSync('bash', ['-euo', 'pipefail', '-c', commands], { cwd: clone, encoding: 'utf8', env });
const jsonLines = (text) =>
  text.split('\n').flatMap((line) => (line.startsWith('{"') ? [JSON.parse(line)] : []));

async function readBanner(output) {
  let banner = '';
  for await (const line of createInterface({ input: output })) {
    banner += `${line}\n`;
    if (line.startsWith('Ctrl-C')) return banner;
  }
  throw new Error('make run ended before it printed its banner');
}

const startedAt = performance.now();
execFileSync('git', ['clone', '--quiet', repository, clone]);
const env = { ...process.env, PORT: String(await freePort()) };
// A process group of its own, as in a terminal: Ctrl-C signals the whole group.
const run = spawn('make', ['run'], {
  cwd: clone,
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
  detached: true,
});
const ended = once(run, 'exit');
let directories = [];
try {
  const banner = await readBanner(run.stdout);
  const [, second] = jsonLines(
    paste(banner.slice(banner.indexOf('export STEPPE_URL'), banner.indexOf('Ctrl-C')), env),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  assert.equal(second.results[0]['text/plain'], '42');

  const blocks = [
    ...readFileSync(join(clone, 'README.md'), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g),
  ].map(([, block]) => block);
  const byHand = blocks.find((block) => block.includes('make -s token'));
  const output = paste(byHand.replaceAll(':8080', `:${env.PORT}`), env);
  assert.ok(output.includes("'hello steppe'"), output);
  const once = jsonLines(output).filter(({ step_id: id }) => id === 'once');
  assert.deepEqual(
    once.map(({ results }) => results[0]['text/plain']),
    ['1', '1'],
  );
  assert.ok(
    !output.includes('"type":"step_started","execution_count":4') &&
      output.includes('event: result'),
    output,
  );
  assert.ok(output.includes("'steppe'"), output);
  assert.ok(output.includes('event: step_ended'), output);
  assert.ok(output.includes('"path":"package.json"'), output);
  directories = ownProcesses().flatMap(
    (text) => /\0STEPPE_INSTANCE_DIR=([^\0]+)/.exec(text)?.[1] ?? [],
  );
  assert.ok(directories.length > 0, 'no agent was found');
  console.log(`from git clone to the response of the second step: ${seconds.toFixed(1)} s`);
} finally {
  process.kill(-run.pid, 'SIGINT');
  await ended;
}
assert.deepEqual(ownProcesses(), [], 'processes are left');
assert.deepEqual(directories.filter(existsSync), [], 'directories are left');
rmSync(home, { recursive: true });
console.log('after Ctrl-C nothing is left');
console.log('1 passed, 0 failed');
