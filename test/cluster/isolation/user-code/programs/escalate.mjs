// Tries to gain privileges through Node and the programs of its image, and prints the error of each.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';

const own = '/workspace/own';
fs.writeFileSync(own, '#!/bin/sh\n', { mode: 0o755 });

const calls = {
  'process.setuid': () => process.setuid(0),
  'process.setgid': () => process.setgid(0),
  'process.setgroups': () => process.setgroups([0]),
  'process.initgroups': () => process.initgroups('root', 0),
  'os.setPriority': () => os.setPriority(-5),
  'a child as root': () => failure(spawnSync('id', { uid: 0 })),
  'a child in the group of root': () => failure(spawnSync('id', { gid: 0 })),
  'fs.chown': () => fs.chownSync(own, 0, 0),
  'a file of /etc': () => fs.writeFileSync('/etc/own', ''),
  'a directory of /': () => fs.mkdirSync('/own'),
  'our program': () => fs.appendFileSync('/opt/steppe/node/supervisor.cjs', ' '),
  'a program': () => fs.appendFileSync('/usr/local/bin/node', ' '),
  'the passwords': () => fs.readFileSync('/etc/shadow'),
  'the core pattern': () => fs.writeFileSync('/proc/sys/kernel/core_pattern', `|${own}`),
  'no death by memory': () => fs.writeFileSync('/proc/self/oom_score_adj', '-1000'),
  'a file of /sys': () => fs.writeFileSync('/sys/kernel/uevent_helper', own),
  'the memory': () => fs.openSync('/dev/mem'),
};

/** Programs that fail for want of privilege and do nothing else. */
const programs = {
  'unshare --user': 'unshare --user --map-root-user true',
  'unshare --mount': 'unshare --mount true',
  'unshare --net': 'unshare --net true',
  'unshare --pid': 'unshare --pid --fork true',
  mount: 'mount -t tmpfs none /tmp',
  'mount --bind': 'mount --bind /etc /tmp',
  umount: 'umount /proc/sys',
  nsenter: 'nsenter --target 1 --net true',
  'nsenter --mount': 'nsenter --target 1 --mount true',
  chroot: 'chroot /workspace /own',
  pivot_root: 'pivot_root /workspace /workspace',
  mknod: 'mknod /workspace/memory c 1 1',
  setpriv: 'setpriv --reuid 0 true',
  'setpriv --ambient-caps': 'setpriv --inh-caps +sys_admin --ambient-caps +sys_admin true',
  su: 'su --command true',
  chown: 'chown root /workspace/own',
  chrt: 'chrt --fifo 9 true',
  renice: 'renice -n -5 1',
  prlimit: 'prlimit --nofile=4194304 true',
  hostname: 'hostname other',
  date: 'date --set 2020-01-01',
  dmesg: 'dmesg',
  ln: 'ln /etc/shadow /workspace/shadow',
};

function failure({ error, status, stderr }) {
  if (error) throw error;
  if (status !== 0) throw Object.assign(new Error(String(stderr)), { code: `status ${status}` });
}

function run(command) {
  const [program] = command.split(' ');
  const found = spawnSync('sh', ['-c', `command -v ${program}`]);
  if (found.status !== 0) return 'allowed, if it existed';
  return outcomeOf(() => failure(spawnSync('sh', ['-c', command], { timeout: 10_000 })));
}

function outcomeOf(attempt) {
  try {
    attempt();
    return 'allowed';
  } catch (error) {
    return error.info?.code ?? error.code;
  }
}

const listening = await new Promise((resolve) => {
  const server = net.createServer().on('error', ({ code }) => resolve(code));
  server.listen({ port: 8070, host: '0.0.0.0', reusePort: true }, () => resolve('allowed'));
});
const outcomes = {
  ...Object.fromEntries(Object.entries(calls).map(([name, attempt]) => [name, outcomeOf(attempt)])),
  ...Object.fromEntries(Object.entries(programs).map(([name, command]) => [name, run(command)])),
  "the agent's port": listening,
};
console.log(JSON.stringify(outcomes));
