// Runs the tests of every language, with each runtime under every interpreter that it supports. The
// last line counts all tests. `npm run conformance` runs the conformance table.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { printSum, readCounts, reportTo } from './count-tests.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'steppe-test-report-'));

/** Runs a command; `output` stays empty if the terminal shows it directly. */
async function run(command, args, { env = {}, shown }) {
  const child = spawn(command, args, {
    stdio: shown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const status = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += `${error.message}\n`;
      resolve(1);
    });
    child.once('close', resolve);
  });
  return { status, output };
}

async function runVitest(name, { options = [], env, shown = false }) {
  const report = join(scratch, `${name}.json`);
  const args = ['--no-install', 'vitest', 'run', ...reportTo(report), ...options];
  const { status, output } = await run('npx', args, { env, shown });
  return { ...readCounts(report, status), output };
}

/** @param title what stands before the names of its failed tests */
async function runUnittest(python, title) {
  const folder = 'session-agent/runtimes/python';
  const args = ['-m', 'unittest', 'discover', '-s', folder, '-p', '*_test.py'];
  const { status, output } = await run(python, args, {});
  const count = (pattern) => Number(pattern.exec(output)?.[1] ?? 0);
  const skipped = count(/skipped=(\d+)/);
  const failed = [...output.matchAll(/^(?:FAIL|ERROR): (.*)/gm)].map(([, name]) => name);
  if (failed.length === 0 && status !== 0) failed.push(`no test, but exit code ${status}`);
  const passed = count(/^Ran (\d+) tests?/m) - failed.length - skipped;
  return { passed, failures: failed.map((name) => `${title}: ${name}`), skipped, output };
}

/**
 * The Node runtime under other versions. These runs come last and by themselves: they interrupt
 * steps at random moments, and a worker that gets no processor for a second cannot be interrupted
 * with its memory kept.
 */
function* nodeRuns() {
  for (const version of [22, 24]) {
    const node = `${process.cwd()}/.nodes/node_modules/node-${version}-${process.arch}/bin/node`;
    const env = { STEPPE_NODE: node, STEPPE_TEST_RANDOM_MS: '5000' };
    const options = ['session-agent/runtimes/node', '--maxWorkers=1'];
    if (existsSync(node))
      yield [
        `the Node runtime under Node ${version}`,
        () => runVitest(`node-${version}`, { options, env }),
      ];
  }
}

/** The Python runtime under every version, one after another, beside the main run of vitest. */
function* pythonRuns() {
  yield [
    'the Python runtime, with the packages whose values it displays',
    (title) => runUnittest('.venv-data/bin/python', title),
  ];
  // These Pythons lack the packages, so tests that need them run only under the first Python.
  for (const version of ['3.9', '3.10', '3.12', '3.13']) {
    const python = [`python${version}`, ...pyenvPythons(version)].find(
      (name) => spawnSync(name, ['-c', 'pass']).status === 0,
    );
    if (python)
      yield [
        `the Python runtime under Python ${version}`,
        async (title) => ({ ...(await runUnittest(python, title)), skipped: 0 }),
      ];
  }
}

/** pyenv's commands list only one patch version at a time, but its folder contains all. */
function pyenvPythons(version) {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  if (!existsSync(versions)) return [];
  const installed = readdirSync(versions).filter((name) => name.startsWith(`${version}.`));
  return installed.map((name) => join(versions, name, 'bin', 'python3'));
}

async function runAll(runs) {
  const results = [];
  for (const [title, start] of runs) results.push({ title, ...(await start(title)) });
  return results;
}

try {
  const options = [...process.argv.slice(2), '--exclude=test/conformance/rows/**'];
  const [main, pythons] = await Promise.all([
    runVitest('main', { options, shown: true }),
    runAll(pythonRuns()),
  ]);
  const runtimes = [...pythons, ...(await runAll(nodeRuns()))];
  for (const { title, output } of runtimes) process.stderr.write(`\n${title}\n${output}`);
  printSum([main, ...runtimes]);
} finally {
  rmSync(scratch, { recursive: true });
}
