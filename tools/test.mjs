// Runs every test of every language, each runtime under every interpreter that it is claimed for,
// and ends with one line that counts them all.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const scratch = mkdtempSync(join(tmpdir(), 'steppe-test-report-'));
const say = (line) => process.stderr.write(`\n${line}\n`);

function runVitest(filters, env = {}) {
  const report = join(scratch, 'vitest.json');
  // Real processes may lose against a busy machine once: the reporter says of which test. Those
  // that draw at random are tried once.
  const options = [
    '--retry=1',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const { status } = spawnSync('npx', ['--no-install', 'vitest', 'run', ...options, ...filters], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  // A file that does not even load has no test that could fail.
  const failed = numFailedTests || (status === 0 ? 0 : 1);
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
}

function runUnittest(python) {
  const args = [
    '-m',
    'unittest',
    'discover',
    '-s',
    'session-agent/runtimes/python',
    '-p',
    '*_test.py',
  ];
  const { status, stderr } = spawnSync(python, args, {
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
  });
  process.stderr.write(stderr);
  const count = (pattern) => Number(pattern.exec(stderr)?.[1] ?? 0);
  const skipped = count(/skipped=(\d+)/);
  const failed = count(/failures=(\d+)/) + count(/errors=(\d+)/) || (status === 0 ? 0 : 1);
  return { passed: count(/^Ran (\d+) tests?/m) - failed - skipped, failed, skipped };
}

/** The Node runtime under the other versions that `make test` has installed. */
function* underOtherNodes() {
  for (const version of [22, 24]) {
    const node = `${process.cwd()}/.nodes/node_modules/node-${version}-${process.arch}/bin/node`;
    if (!existsSync(node)) continue;
    say(`the Node runtime under Node ${version}`);
    yield runVitest(['session-agent/runtimes/node'], {
      STEPPE_NODE: node,
      STEPPE_TEST_RANDOM_MS: '5000',
    });
  }
}

/**
 * The Python runtime under the other versions that this machine has. They lack the packages, whose
 * tests run under the first.
 */
function* underOtherPythons() {
  for (const version of ['3.9', '3.10', '3.12', '3.13']) {
    const python = [`python${version}`, ...pyenvPythons(version)].find(
      (name) => spawnSync(name, ['-c', 'pass']).status === 0,
    );
    if (!python) continue;
    say(`the Python runtime under Python ${version}`);
    yield { ...runUnittest(python), skipped: 0 };
  }
}

/** Those that pyenv holds, which its own commands show only one of. */
function pyenvPythons(version) {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  if (!existsSync(versions)) return [];
  const held = readdirSync(versions).filter((name) => name.startsWith(`${version}.`));
  return held.map((name) => join(versions, name, 'bin', 'python3'));
}

try {
  const counts = [runVitest(process.argv.slice(2))];
  say('the Python runtime, with the packages that it shows values of');
  counts.push(runUnittest('.venv-data/bin/python'), ...underOtherNodes(), ...underOtherPythons());
  const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
  const skipped = sum('skipped');
  console.log(
    `${sum('passed')} passed, ${sum('failed')} failed${skipped ? `, ${skipped} skipped` : ''}`,
  );
  process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true });
}
