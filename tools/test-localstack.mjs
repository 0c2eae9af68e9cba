// Deploys the Storage stack into LocalStack and runs test/localstack/ on it: `make test-localstack`.
// LocalStack is the one that responds at AWS_ENDPOINT_URL, or else a new one on a free port, from
// Docker with LOCALSTACK=docker. Its last line counts all tests.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printSum, readCounts, reportTo } from './count-tests.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'tools/localstack/localstack');
const filters = (process.env.TESTS ?? '').split(' ').filter((name) => name !== '');
const scratch = mkdtempSync(join(tmpdir(), 'steppe-test-localstack-'));
const stage = 'localstack';
const assembly = join(scratch, 'cdk.out');
const storageFile = join(scratch, 'storage.json');
const { account, region } = JSON.parse(
  readFileSync(join(root, `cdk/stages/${stage}.json`), 'utf8'),
);

/** Children get Ctrl-C too, and end by themselves. */
process.on('SIGINT', () => {});

async function run(command, args, { env, cwd = root }) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', process.stderr, 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

async function runOrThrow(command, args, options) {
  const status = await run(command, args, options);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${status}`);
}

function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** What AWS clients need to find LocalStack, whose credentials are arbitrary. */
function clientVariables(endpoint) {
  const { AWS_PROFILE: _, AWS_SESSION_TOKEN: __, ...env } = process.env;
  const access = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  const where = { AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, AWS_DEFAULT_REGION: region };
  return { ...env, ...access, ...where, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
}

/** @returns its variables, and what stops it if it was started here */
async function openLocalStack() {
  const given = process.env.AWS_ENDPOINT_URL;
  if (given) return { env: clientVariables(given), stop: async () => {} };
  const port = String(await freePort());
  const env = { ...clientVariables(`http://127.0.0.1:${port}`), LOCALSTACK_PORT: port };
  const stop = () => run(program, ['stop'], { env });
  try {
    await runOrThrow(program, ['start'], { env });
    return { env, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `node_modules/.bin/cdk`, in any directory: outside cdk/ it does not run the app. */
const cdk = (args, cwd, env) =>
  runOrThrow(join(root, 'cdk/node_modules/.bin/cdk'), args, {
    cwd,
    env: { ...env, CDK_DISABLE_CLI_TELEMETRY: 'true' },
  });

const synthesize = () =>
  cdk(['synth', '--quiet', '-c', `stage=${stage}`, '--output', assembly], join(root, 'cdk'), {
    ...process.env,
  });

async function deploy(env) {
  await cdk(['bootstrap', `aws://${account}/${region}`], scratch, env);
  const synthesized = ['--app', assembly, `steppe-${stage}-storage`];
  const options = ['--require-approval', 'never', '--outputs-file', storageFile];
  await cdk(['deploy', ...synthesized, ...options], scratch, env);
}

/** The parts of test/localstack/vitest.config.ts, each of which runs after the one before it. */
const parts = ['table', 'whole-path', 'policies', 'faults', 'restart'];

async function runPart(part, env) {
  const report = join(scratch, `${part}.json`);
  const chosen = ['--config', 'test/localstack/vitest.config.ts', '--project', part];
  const args = ['--no-install', 'vitest', 'run', '--passWithNoTests', ...chosen];
  const status = await run('npx', [...args, ...reportTo(report), ...filters], { env });
  return readCounts(report, status);
}

async function runTests(env) {
  const usesFile = join(scratch, 'uses.jsonl');
  writeFileSync(usesFile, '');
  const files = { STEPPE_STORAGE: storageFile, STEPPE_USES: usesFile };
  const results = [];
  for (const part of parts) results.push(await runPart(part, { ...env, ...files }));
  return results;
}

let stop = async () => {};
try {
  const synthesizing = synthesize().catch((error) => error);
  const localStack = await openLocalStack();
  stop = localStack.stop;
  const failure = await synthesizing;
  if (failure) throw failure;
  await deploy(localStack.env);
  const results = await runTests(localStack.env);
  await stop();
  stop = async () => {};
  printSum(results);
} finally {
  await stop();
  rmSync(scratch, { recursive: true });
}
