import { expect } from 'vitest';
import { behaviours, flow, steps } from '../harness/behaviours.ts';
import { expectResult } from '../harness/expectation.ts';
import type { PerLanguage } from '../harness/languages.ts';

const readEnv = (name: string) => ({
  python: `import os\nprint(os.environ.get("${name}"))`,
  node: `console.log(process.env.${name} ?? null)`,
});
const cwd = { python: 'import os\nprint(os.getcwd())', node: 'console.log(process.cwd())' };
const none = { python: 'None\n', node: 'null\n' };
const both = <T>(a: PerLanguage<string>, b: PerLanguage<T>) => ({
  python: { a: a.python, b: b.python },
  node: { a: a.node, b: b.node },
});
const own = { env: { SESSION_WORD: 'lasting' } };
const awkward = 'a "b" \'c\' $HOME `d` \\n\n\ttwo lines; # = 世界 🌍';

behaviours('Environment and working directory', [
  steps(
    'a variable of the step is set',
    readEnv('STEP_WORD'),
    { stdout: 'once\n' },
    { request: { env: { STEP_WORD: 'once' } } },
  ),
  flow('a variable of the step is unset after it', readEnv('STEP_GONE'), async (session, code) => {
    expectResult(
      await session.run(code, { env: { STEP_GONE: 'once' } }),
      { stdout: 'once\n' },
      session.language,
    );
    expectResult(await session.run(code), { stdout: none }, session.language);
  }),
  flow(
    'a variable of a failed step is unset after it',
    both({ python: 'raise ValueError()', node: 'throw new Error()' }, readEnv('STEP_FAILED')),
    async (session, { a, b }) => {
      await session.run(a, { env: { STEP_FAILED: 'once' } });
      expectResult(await session.run(b), { stdout: none }, session.language);
    },
  ),
  steps(
    'a value keeps quotes, line ends, dollar signs and any script',
    readEnv('AWKWARD'),
    { stdout: `${awkward}\n` },
    { request: { env: { AWKWARD: awkward } } },
  ),
  steps(
    'a value of 100 KiB arrives whole',
    { python: 'import os\nlen(os.environ["LONG"])', node: 'process.env.LONG.length' },
    { value: '102400' },
    { request: { env: { LONG: 'x'.repeat(102_400) } } },
  ),
  steps(
    'a variable may be empty',
    { python: 'import os\n[os.environ["EMPTY"]]', node: '[process.env.EMPTY]' },
    { value: /^\[ ?'' ?\]$/ },
    { request: { env: { EMPTY: '' } } },
  ),
  steps(
    'a child process has the step’s variables',
    {
      python: 'import subprocess\n_ = subprocess.run("echo $STEP_CHILD", shell=True)',
      node: 'require("child_process").execSync("echo $STEP_CHILD", { stdio: "inherit" }); undefined',
    },
    { stdout: 'once\n' },
    { request: { env: { STEP_CHILD: 'once' } } },
  ),
  steps(
    'a variable of the session is set',
    readEnv('SESSION_WORD'),
    { stdout: 'lasting\n' },
    { own },
  ),
  flow(
    'a variable of the session survives a restart',
    readEnv('SESSION_WORD'),
    async (session, code) => {
      await session.restart();
      expectResult(await session.run(code), { stdout: 'lasting\n', epoch: 2 }, session.language);
    },
    own,
  ),
  flow(
    'a step’s variable overrides the session’s, for that step only',
    readEnv('SESSION_WORD'),
    async (session, code) => {
      expectResult(
        await session.run(code, { env: { SESSION_WORD: 'once' } }),
        { stdout: 'once\n' },
        session.language,
      );
      expectResult(await session.run(code), { stdout: 'lasting\n' }, session.language);
    },
    own,
  ),
  flow(
    'a value of the session keeps quotes, line ends and any script',
    readEnv('AWKWARD'),
    async (session, code) =>
      expectResult(await session.run(code), { stdout: `${awkward}\n` }, session.language),
    { env: { AWKWARD: awkward } },
  ),
  steps(
    'a variable that code sets persists',
    {
      python: ['import os\nos.environ["SET"] = "by code"', readEnv('SET').python],
      node: ['process.env.SET = "by code"; undefined', readEnv('SET').node],
    },
    { stdout: 'by code\n' },
  ),
  flow(
    'a variable that code sets is unset after a restart',
    both(
      { python: 'import os\nos.environ["SET"] = "x"', node: 'process.env.SET = "x"; undefined' },
      readEnv('SET'),
    ),
    async (session, { a, b }) => {
      await session.run(a);
      await session.restart();
      expectResult(await session.run(b), { stdout: none, epoch: 2 }, session.language);
    },
    {},
  ),
  flow(
    'a variable of the step that code changes is restored',
    both(
      {
        python: 'import os\nos.environ["SESSION_WORD"] = "changed"',
        node: 'process.env.SESSION_WORD = "changed"; undefined',
      },
      readEnv('SESSION_WORD'),
    ),
    async (session, { a, b }) => {
      await session.run(a, { env: { SESSION_WORD: 'once' } });
      expectResult(await session.run(b), { stdout: 'lasting\n' }, session.language);
    },
    own,
  ),
  steps(
    'no variable of the agent is in the environment',
    {
      python:
        'import os\n[name for name in os.environ if "KEYS" in name or "SUPERVISOR" in name or "RUN_DIR" in name or "TOKEN" in name]',
      node: 'Object.keys(process.env).filter((name) => /KEYS|SUPERVISOR|RUN_DIR|TOKEN/.test(name))',
    },
    { value: '[]' },
  ),
  steps(
    'programs of the host are found',
    {
      python: 'import shutil\nshutil.which("sh") is not None',
      node: 'require("child_process").execSync("command -v sh").length > 0',
    },
    { value: /^[Tt]rue$/ },
  ),
  steps(
    'the home directory is the workspace',
    {
      python: 'import os\nos.path.expanduser("~") == os.getcwd()',
      node: 'require("os").homedir() === process.cwd()',
    },
    { value: /^[Tt]rue$/ },
  ),
  steps(
    'a temporary file can be created',
    {
      python: 'import tempfile\nwith tempfile.NamedTemporaryFile() as f: print(f.write(b"x"))',
      node: 'const fs2 = require("fs"), d = fs2.mkdtempSync(require("path").join(require("os").tmpdir(), "t-")); fs2.rmdirSync(d); console.log(1)',
    },
    { stdout: '1\n' },
  ),
  flow('a step begins in the workspace', cwd, async (session, code) =>
    expectResult(
      await session.run(code),
      { stdout: `${session.agent.workspace}\n` },
      session.language,
    ),
  ),
  flow('only the step itself runs in its own directory', cwd, async (session, code) => {
    await session.put('sub/file', '');
    expectResult(
      await session.run(code, { cwd: 'sub' }),
      { stdout: `${session.agent.workspace}/sub\n` },
      session.language,
    );
    expectResult(
      await session.run(code),
      { stdout: `${session.agent.workspace}\n` },
      session.language,
    );
  }),
  flow('a step’s directory may be absolute', cwd, async (session, code) =>
    expectResult(await session.run(code, { cwd: '/' }), { stdout: '/\n' }, session.language),
  ),
  steps(
    'a step in a missing directory fails',
    cwd,
    {
      error: {
        name: { python: 'FileNotFoundError', node: 'Error' },
        message: { python: /nowhere/, node: /ENOENT.*nowhere/ },
      },
    },
    { request: { cwd: 'nowhere' } },
  ),
  flow(
    'a directory that code changes to persists',
    both(
      {
        python: 'import os\nos.makedirs("deep", exist_ok=True)\nos.chdir("deep")',
        node: 'require("fs").mkdirSync("deep", { recursive: true }); process.chdir("deep")',
      },
      cwd,
    ),
    async (session, { a, b }) => {
      await session.run(a);
      expectResult(
        await session.run(b),
        { stdout: `${session.agent.workspace}/deep\n` },
        session.language,
      );
    },
    {},
  ),
  flow(
    'after a step’s own directory the persistent one returns',
    both(
      {
        python: 'import os\nos.makedirs("deep", exist_ok=True)\nos.chdir("deep")',
        node: 'require("fs").mkdirSync("deep", { recursive: true }); process.chdir("deep")',
      },
      cwd,
    ),
    async (session, { a, b }) => {
      await session.run(a);
      await session.run(b, { cwd: '/' });
      expectResult(
        await session.run(b),
        { stdout: `${session.agent.workspace}/deep\n` },
        session.language,
      );
    },
    {},
  ),
  flow(
    'after a restart the working directory is the workspace',
    both({ python: 'import os\nos.chdir("/")', node: 'process.chdir("/")' }, cwd),
    async (session, { a, b }) => {
      await session.run(a);
      await session.restart();
      expectResult(
        await session.run(b),
        { stdout: `${session.agent.workspace}\n`, epoch: 2 },
        session.language,
      );
    },
    {},
  ),
  flow(
    'a removed working directory does not end the session',
    both(
      {
        python: 'import os\nos.mkdir("gone")\nos.chdir("gone")\nos.rmdir("../gone")',
        node: 'fs.mkdirSync("gone"); process.chdir("gone"); fs.rmdirSync("../gone")',
      },
      { python: '40 + 2', node: '40 + 2' },
    ),
    async (session, { a, b }) => {
      expectResult(await session.run(a), {}, session.language);
      expectResult(await session.run(b), { value: '42' }, session.language);
    },
    {},
  ),
  steps(
    'a child process starts in the step’s directory',
    {
      python: 'import subprocess\n_ = subprocess.run("pwd")',
      node: 'require("child_process").execSync("pwd", { stdio: "inherit" }); undefined',
    },
    { stdout: '/\n' },
    { request: { cwd: '/' } },
  ),
  steps(
    'a child process that reads standard input finds it empty',
    {
      python: 'import subprocess\nsubprocess.run(["cat"]).returncode',
      node: 'require("child_process").spawnSync("cat", { stdio: "inherit" }).status',
    },
    { value: '0' },
  ),
  flow('an invalid variable name is refused', { python: '1', node: '1' }, async (session, code) => {
    const refused = await session.refusal('POST', '/steps', {
      step_id: 'bad-name',
      code,
      env: { 'A-B': 'x' },
    });
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' });
  }),
]);
