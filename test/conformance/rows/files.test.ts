import { fileListSchema } from '@steppe/contracts/file';
import { expect } from 'vitest';
import { behaviours, flow, steps } from '../harness/behaviours.ts';
import { expectResult } from '../harness/expectation.ts';
import type { PerLanguage } from '../harness/languages.ts';
import type { Session } from '../harness/session.ts';

const read = (name: string) => ({
  python: `print(open(${JSON.stringify(name)}, encoding="utf-8").read(), end="")`,
  node: `process.stdout.write(require("fs").readFileSync(${JSON.stringify(name)}, "utf8")); undefined`,
});
const write = (name: string, text: string) => ({
  python: `with open(${JSON.stringify(name)}, "w", encoding="utf-8") as f: f.write(${JSON.stringify(text)})`,
  node: `require("fs").writeFileSync(${JSON.stringify(name)}, ${JSON.stringify(text)})`,
});
const listing = async (session: Session, query: string) =>
  fileListSchema.parse(await (await session.call('GET', `/files${query}`)).json());
const bytes = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7) % 256));
const modules: PerLanguage<{ single: [string, string]; use: string }> = {
  python: {
    single: ['tool_a.py', 'def twice(n):\n    return n * 2\n'],
    use: 'import tool_a\ntool_a.twice(21)',
  },
  node: {
    single: ['tool-a.js', 'exports.twice = (n) => n * 2\n'],
    use: 'const { twice } = require("./tool-a.js")\ntwice(21)',
  },
};

behaviours('Files and modules', [
  flow(
    'a file that a step writes can be downloaded',
    write('made.txt', 'by code'),
    async (session, code) => {
      expectResult(await session.run(code), {}, session.language);
      expect((await session.read('made.txt')).toString()).toBe('by code');
    },
  ),
  flow('a step can read an uploaded file', read('given.txt'), async (session, code) => {
    await session.put('given.txt', 'from outside');
    expectResult(await session.run(code), { stdout: 'from outside' }, session.language);
  }),
  flow(
    'bytes are uploaded and downloaded unchanged',
    {
      python: 'data = open("in.bin", "rb").read()\nwith open("out.bin", "wb") as f: f.write(data)',
      node: 'const data = fs.readFileSync("in.bin"); fs.writeFileSync("out.bin", data)',
    },
    async (session, code) => {
      await session.put('in.bin', bytes);
      expectResult(await session.run(code), {}, session.language);
      expect(Buffer.compare(await session.read('out.bin'), bytes)).toBe(0);
    },
  ),
  flow('a file name may be in any script', read('Grüße 世界.txt'), async (session, code) => {
    await session.put('Grüße 世界.txt', 'ok');
    expectResult(await session.run(code), { stdout: 'ok' }, session.language);
  }),
  flow(
    'ten megabytes are uploaded and read',
    { python: 'import os\nos.path.getsize("big.bin")', node: 'fs.statSync("big.bin").size' },
    async (session, code) => {
      await session.put('big.bin', Buffer.alloc(10 * 1024 * 1024, 'x'));
      expectResult(await session.run(code), { value: '10485760' }, session.language);
    },
  ),
  flow(
    'the listing shows files that a step created',
    {
      python: 'import os\nos.makedirs("tree/leaf")\nopen("tree/leaf/end", "w").close()',
      node: 'fs.mkdirSync("tree/leaf", { recursive: true }); fs.writeFileSync("tree/leaf/end", "")',
    },
    async (session, code) => {
      await session.run(code);
      expect(await session.files('tree')).toEqual(['tree/leaf', 'tree/leaf/end']);
    },
  ),
  flow(
    'the listing shows permissions, and where links lead',
    {
      python:
        'import os\nos.mkdir("perms")\nopen("perms/a.sh", "w").close()\nos.chmod("perms/a.sh", 0o750)\nos.symlink("../elsewhere", "perms/link")',
      node: 'fs.mkdirSync("perms"); fs.writeFileSync("perms/a.sh", ""); fs.chmodSync("perms/a.sh", 0o750); fs.symlinkSync("../elsewhere", "perms/link")',
    },
    async (session, code) => {
      expectResult(await session.run(code), {}, session.language);
      const { entries } = await listing(session, '?path=perms');
      expect(entries).toMatchObject([
        { name: 'a.sh', type: 'file', mode: '0750' },
        { name: 'link', type: 'symlink', target: '../elsewhere' },
      ]);
    },
  ),
  flow(
    'the listing goes to a depth',
    {
      python: 'import os\nos.makedirs("deep/1/2/3")',
      node: 'fs.mkdirSync("deep/1/2/3", { recursive: true }); undefined',
    },
    async (session, code) => {
      expectResult(await session.run(code), {}, session.language);
      const { entries } = await listing(session, '?path=deep&depth=2');
      expect(entries.map(({ path }) => path)).toEqual(['deep/1', 'deep/1/2']);
    },
  ),
  flow(
    'a step finds an empty directory that was made for it',
    { python: 'import os\nos.listdir("new/dir")', node: 'fs.readdirSync("new/dir")' },
    async (session, code) => {
      expect((await session.call('PUT', '/files/new/dir/')).status).toBe(201);
      expect((await session.call('PUT', '/files/new/dir/')).status).toBe(200);
      expectResult(await session.run(code), { value: '[]' }, session.language);
    },
  ),
  flow(
    'a directory is deleted with its content, and the target of a link in it stays',
    {
      python:
        'import os\nos.makedirs("whole/inner")\nopen("whole/inner/file", "w").close()\nos.makedirs("target")\nopen("target/stays", "w").close()\nos.symlink("../target", "whole/link")',
      node: 'fs.mkdirSync("whole/inner", { recursive: true }); fs.writeFileSync("whole/inner/file", ""); fs.mkdirSync("target"); fs.writeFileSync("target/stays", ""); fs.symlinkSync("../target", "whole/link")',
    },
    async (session, code) => {
      expectResult(await session.run(code), {}, session.language);
      expect((await session.call('DELETE', '/files/whole')).status).toBe(409);
      expect((await session.call('DELETE', '/files/whole?recursive=true')).status).toBe(204);
      expect(await session.files('target')).toEqual(['target/stays']);
      expect(await session.refusal('GET', '/files?path=whole')).toMatchObject({ status: 404 });
    },
  ),
  flow(
    'a FIFO is refused without waiting for its writer',
    {
      python: 'import os\nos.mkfifo("fifo")',
      node: 'require("child_process").execFileSync("mkfifo", ["fifo"]); undefined',
    },
    async (session, code) => {
      expectResult(await session.run(code), {}, session.language);
      for (const method of ['GET', 'PUT'])
        expect(await session.refusal(method, '/files/fifo')).toMatchObject({ status: 409 });
      expect((await session.call('DELETE', '/files/fifo')).status).toBe(204);
    },
  ),
  flow(
    'files and steps work again after code has removed the whole workspace',
    {
      python: {
        remove: 'import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)',
        write: 'with open("again.txt", "w") as f: f.write(open("sent.txt").read() + " back")',
      },
      node: {
        remove:
          '// In a pod it is a mount point, of which only the content goes.\ntry { fs.rmSync(process.cwd(), { recursive: true }) } catch {}',
        write: 'fs.writeFileSync("again.txt", fs.readFileSync("sent.txt", "utf8") + " back")',
      },
    },
    async (session, { remove, write }) => {
      await session.put('before.txt', 'x');
      expectResult(await session.run(remove), {}, session.language);
      expect(await session.files()).toEqual([]);
      await session.put('sent.txt', 'sent');
      expectResult(await session.run(write), {}, session.language);
      expect((await session.read('again.txt')).toString()).toBe('sent back');
    },
    {},
  ),
  flow('a deleted file does not exist for a step', read('removed.txt'), async (session, code) => {
    await session.put('removed.txt', 'x');
    await session.call('DELETE', '/files/removed.txt');
    expectResult(
      await session.run(code),
      {
        error: { name: { python: 'FileNotFoundError', node: 'Error' }, message: /no such file/i },
      },
      session.language,
    );
  }),
  flow(
    'a file survives a restart',
    {
      python: { write: write('stays.txt', 'still').python, read: read('stays.txt').python },
      node: { write: write('stays.txt', 'still').node, read: read('stays.txt').node },
    },
    async (session, code) => {
      await session.run(code.write);
      await session.restart();
      expectResult(await session.run(code.read), { stdout: 'still', epoch: 2 }, session.language);
    },
    {},
  ),
  steps(
    'an open file stays open in the next step',
    {
      python: [
        'log = open("log.txt", "w")\n_ = log.write("one ")',
        '_ = log.write("two")\nlog.close()',
        read('log.txt').python,
      ],
      node: [
        'const log = fs.openSync("log.txt", "w")\nfs.writeSync(log, "one "); undefined',
        'fs.writeSync(log, "two"); fs.closeSync(log)',
        read('log.txt').node,
      ],
    },
    { stdout: 'one two' },
  ),
  flow(
    'a module of the workspace is imported',
    modules,
    async (session, { single: [name, content], use }) => {
      await session.put(name, content);
      expectResult(await session.run(use), { value: '42' }, session.language);
    },
  ),
  flow(
    'a package of the workspace is imported',
    {
      python: {
        files: {
          'box/__init__.py': 'from .inner import response\n',
          'box/inner.py': 'response = 42\n',
        },
        use: 'import box\nbox.response',
      },
      node: {
        files: {
          'box/index.js': 'exports.response = require("./inner.js")\n',
          'box/inner.js': 'module.exports = 42\n',
        },
        use: 'require("./box").response',
      },
    },
    async (session, { files, use }) => {
      for (const [name, content] of Object.entries(files)) await session.put(name, content ?? '');
      expectResult(await session.run(use), { value: '42' }, session.language);
    },
  ),
  flow(
    'a module keeps its state between steps, and is loaded once',
    {
      python: {
        file: ['once_mod.py', 'print("loaded")\nhits = []\n'],
        use: 'import once_mod\nonce_mod.hits.append(1)\nlen(once_mod.hits)',
      },
      node: {
        file: ['once-mod.js', 'console.log("loaded"); exports.hits = []\n'],
        use: 'const { hits } = require("./once-mod.js")\nhits.push(1)\nhits.length',
      },
    },
    async (session, { file: [name = '', content = ''], use }) => {
      await session.put(name, content);
      expectResult(await session.run(use), { stdout: 'loaded\n', value: '1' }, session.language);
      expectResult(await session.run(use), { value: '2' }, session.language);
    },
  ),
  flow(
    'a module that fails to load fails again next time',
    {
      python: { file: ['half.py', 'first = 1\nraise ValueError("half")\n'], use: 'import half' },
      node: {
        file: ['half.js', 'exports.first = 1\nthrow new RangeError("half")\n'],
        use: 'require("./half.js")',
      },
    },
    async (session, { file: [name = '', content = ''], use }) => {
      await session.put(name, content);
      for (const _ of [1, 2])
        expectResult(
          await session.run(use),
          { error: { name: /^(Value|Range)Error$/, message: 'half' } },
          session.language,
        );
    },
  ),
  flow(
    'a syntax error in a module names its file',
    {
      python: { file: ['wrong_mod.py', 'a = = 1\n'], use: 'import wrong_mod' },
      node: { file: ['wrong-mod.js', 'let a = = 1\n'], use: 'require("./wrong-mod.js")' },
    },
    async (session, { file: [name = '', content = ''], use }) => {
      await session.put(name, content);
      expectResult(
        await session.run(use),
        { error: { name: 'SyntaxError', traceback: /wrong.mod/ } },
        session.language,
      );
    },
  ),
  steps(
    'the standard library is available',
    {
      python:
        'import json, re, math, collections, itertools, datetime, pathlib, sqlite3\njson.dumps({"a": 1})',
      node: 'const { createHash } = require("crypto"); require("zlib"); require("util"); require("path"); JSON.stringify({ a: 1 })',
    },
    { value: /^'\{"a": ?1\}'$/ },
  ),
  flow(
    'data is read from JSON and written back',
    {
      python:
        'import json\ndata = json.load(open("data.json"))\ndata["n"] += 1\nwith open("data.json", "w") as f: json.dump(data, f)',
      node: 'const data = JSON.parse(fs.readFileSync("data.json", "utf8"))\ndata.n += 1\nfs.writeFileSync("data.json", JSON.stringify(data))',
    },
    async (session, code) => {
      await session.put('data.json', '{"n":41}');
      expectResult(await session.run(code), {}, session.language);
      expect(JSON.parse((await session.read('data.json')).toString())).toEqual({ n: 42 });
    },
  ),
  flow(
    'a program of the workspace is run as a child',
    {
      python: {
        file: ['prog.py', 'import sys\nprint(sys.argv[1])\n'],
        use: 'import subprocess, sys\n_ = subprocess.run([sys.executable, "prog.py", "arg"])',
      },
      node: {
        file: ['prog.js', 'console.log(process.argv[2])\n'],
        use: 'require("child_process").spawnSync(process.execPath, ["prog.js", "arg"], { stdio: "inherit" }); undefined',
      },
    },
    async (session, { file: [name = '', content = ''], use }) => {
      await session.put(name, content);
      expectResult(await session.run(use), { stdout: 'arg\n' }, session.language);
    },
  ),
]);
