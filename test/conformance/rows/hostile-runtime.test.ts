import { expect } from 'vitest';
import { behaviours, flow, notInPods, type Row } from '../harness/behaviours.ts';
import { expectResult } from '../harness/expectation.ts';
import type { PerLanguage } from '../harness/languages.ts';

const own = {};
const remember = { python: 'kept = 41', node: 'const kept = 41' };

/** The run directory, and helpers that write to its socket and replace its files. */
const tools = {
  python: `
import os, shutil, socket, stat, struct, time
run = os.path.dirname(os.readlink("/proc/self/fd/1"))
def say(*chunks):
    try:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(run + "/agent.sock")
        for chunk in chunks: sock.sendall(chunk)
    except OSError: pass
    return sock
def frame(text): return struct.pack(">I", len(text)) + text.encode()
def replace_by_directory(name):
    path = run + "/" + name
    if os.path.lexists(path): os.unlink(path)
    os.makedirs(path + "/inner")
    open(path + "/inner/file", "w").close()
    os.chmod(path + "/inner", 0)
def replace_by_fifo(name):
    path = run + "/" + name
    if os.path.lexists(path): os.unlink(path)
    os.mkfifo(path)
`,
  node: `
const { dirname } = require("path");
const run = dirname(fs.readlinkSync("/proc/self/fd/1"));
function say(...chunks) {
  const socket = require("net").connect(run + "/agent.sock").on("error", () => {});
  for (const chunk of chunks) socket.write(chunk);
  return socket;
}
function frame(text) {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(text.length);
  return Buffer.concat([head, Buffer.from(text)]);
}
function replaceByDirectory(name) {
  const path = run + "/" + name;
  fs.rmSync(path, { force: true });
  fs.mkdirSync(path + "/inner", { recursive: true });
  fs.writeFileSync(path + "/inner/file", "");
  fs.chmodSync(path + "/inner", 0);
}
function replaceByFifo(name) {
  const path = run + "/" + name;
  fs.rmSync(path, { force: true });
  require("child_process").execFileSync("mkfifo", [path]);
}
`,
};
const wait = {
  python: 'time.sleep(30)',
  node: 'await new Promise((done) => setTimeout(done, 30_000))',
};
const exit = { python: 'os._exit(3)', node: 'process.exit(3)' };

/** A hostile step ends only itself and its memory: the next step runs in the next epoch. */
const endsItselfAlone = (
  what: string,
  code: PerLanguage<string>,
  error: { name: string; message: RegExp },
): Row =>
  flow(
    `${what} ends only the interpreter`,
    code,
    async (session, hostile) => {
      const { language } = session;
      await session.run(remember[language]);
      const result = await session.run(`${tools[language]}\n${hostile}`);
      expectResult(result, { stderr: /(?:)/, error, stateLost: true, epoch: 2 }, language);
      expectResult(
        await session.run('kept'),
        { error: { name: /^(Name|Reference)Error$/ }, epoch: 2 },
        language,
      );
      expectResult(await session.run('40 + 2'), { value: '42', epoch: 2 }, language);
    },
    own,
  );

const breaksProtocol = (what: string, code: PerLanguage<string>, message: RegExp): Row =>
  endsItselfAlone(
    what,
    { python: `${code.python}\n${wait.python}`, node: `${code.node}\n${wait.node}` },
    { name: 'ProtocolError', message },
  );

const diesAfter = (what: string, code: PerLanguage<string>): Row =>
  endsItselfAlone(
    what,
    { python: `${code.python}\n${exit.python}`, node: `${code.node}\n${exit.node}` },
    { name: 'WorkerCrashed', message: /exit code 3/ },
  );

const display =
  '{"type":"display","step_id":"a","is_main_result":false,"truncated":false,"bundle":{"application/json":';

behaviours('Code that attacks its own runtime', [
  breaksProtocol(
    'a deep first frame on a separate connection',
    {
      python: `say(frame('${display}' + "[" * 25_000 + "]" * 25_000 + "}}"))`,
      node: `say(frame('${display}' + "[".repeat(25_000) + "]".repeat(25_000) + "}}"))`,
    },
    /killed/,
  ),
  breaksProtocol(
    'a first frame that no peer sends first',
    { python: 'say(frame("[1]"))', node: 'say(frame("[1]"))' },
    /first frame/,
  ),
  breaksProtocol(
    'sixty half frames of 8 MiB',
    {
      python: 'kept = [say(struct.pack(">I", 8 << 20), bytes(4 << 20)) for _ in range(60)]',
      node: 'const half = Buffer.alloc(4 << 20)\nhalf.writeUInt32BE(8 << 20)\nfor (let n = 0; n < 60; n++) say(half)',
    },
    /limit of 65536|more than 4 connections/,
  ),
  breaksProtocol(
    'a connection that sends nothing',
    { python: 'kept = say()', node: 'say()' },
    /no first frame/,
  ),
  breaksProtocol(
    'a fifth connection',
    { python: 'kept = [say() for _ in range(3)]', node: 'for (let n = 0; n < 3; n++) say()' },
    /more than 4 connections/,
  ),
  diesAfter('a death after directories replaced its streams', {
    python: 'for name in ("1.out", "1.err", "2.out", "2.err"): replace_by_directory(name)',
    node: 'for (const name of ["1.out", "1.err", "2.out", "2.err"]) replaceByDirectory(name)',
  }),
  diesAfter('a death after FIFOs replaced files that a supervisor reads', {
    python: 'for name in ("1.fatal.json", "2.fatal.json", "2.out"): replace_by_fifo(name)',
    node: 'for (const name of ["1.fatal.json", "2.fatal.json", "2.out"]) replaceByFifo(name)',
  }),
  diesAfter('a death after a huge file replaced one that a supervisor reads', {
    python: 'os.truncate(os.open(run + "/1.fatal.json", os.O_WRONLY | os.O_CREAT), 1 << 40)',
    node: 'fs.ftruncateSync(fs.openSync(run + "/1.fatal.json", "w"), 2 ** 40)',
  }),
  notInPods(
    'the run directory belongs to root there: code cannot change its permissions',
    diesAfter('a death after the run directory became inaccessible', {
      python: 'os.chmod(run, 0o500)',
      node: 'fs.chmodSync(run, 0o500)',
    }),
  ),
  flow(
    'a step that takes bytes and markers out of its own stream shows its values, and what it prints then',
    {
      python: `
import os, time
def wait_for(name):
    while not os.path.exists(name): time.sleep(0.005)
print('before')
wait_for('before')
thief = os.open('/proc/self/fd/1', os.O_RDONLY | os.O_NONBLOCK)
for n in range(300):
    display(n)
    try: os.read(thief, 65536)
    except BlockingIOError: pass
os.close(thief)
print('after')
wait_for('after')`,
      node: `
const waitFor = async (name) => {
  while (!fs.existsSync(name)) await new Promise((done) => setTimeout(done, 5))
}
console.log('before')
await waitFor('before')
const thief = fs.openSync('/proc/self/fd/1', fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
for (let n = 0; n < 300; n++) {
  display(n)
  try { fs.readSync(thief, Buffer.alloc(65536)) } catch {}
}
fs.closeSync(thief)
console.log('after')
await waitFor('after')`,
    },
    async (session, code) => {
      const shown: string[] = [];
      let printed = '';
      let status = '';
      for await (const event of session.stream(code)) {
        if (event.type === 'result') shown.push(String(event['text/plain']));
        if (event.type === 'stdout') {
          printed += event.text;
          // The step goes on once its line was seen.
          await session.put(event.text.trim(), '');
        }
        if (event.type === 'step_ended') status = event.status;
      }
      expect({ shown, printed, status }).toEqual({
        shown: Array.from({ length: 300 }, (_, n) => `${n}`),
        printed: 'before\nafter\n',
        status: 'completed',
      });
    },
    own,
  ),
]);
