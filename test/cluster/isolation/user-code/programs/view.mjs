// Prints what a step sees of its container.
import fs from 'node:fs';
import path from 'node:path';

const { env: variables } = process;
const secret = /eyJ[\w-]{8,}\.eyJ|PRIVATE KEY-----/;
const searched = /^\/(dev\/shm|etc|home|mnt|root|run|srv|tmp|var|workspace)\//;
const foreign = [
  '/etc/steppe',
  '/opt/steppe/session-agent.cjs',
  '/var/spool/steppe',
  '/run/secrets',
  '/var/run/secrets',
];

function read(file) {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function* walk(directory) {
  let entries = [];
  try {
    entries = fs.readdirSync(directory, { withFileTypes: true });
  } catch {
    // Not readable.
  }
  for (const entry of entries) {
    const found = path.join(directory, entry.name);
    if (found === '/proc' || found === '/sys') continue;
    if (entry.isFile() || entry.isDirectory()) yield [found, entry];
    if (entry.isDirectory()) yield* walk(found);
  }
}

function isWritable(file) {
  try {
    fs.accessSync(file, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const found = [...walk('/')];
const processes = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
const ownFiles = processes.flatMap((id) => [`/proc/${id}/cmdline`, `/proc/${id}/environ`]);
const status = read('/proc/self/status').trim().split('\n');
const environment = read('/proc/1/environ').split('\0').filter(Boolean);
const toSearch = found.filter(([file, entry]) => entry.isFile() && searched.test(file));
console.log(
  JSON.stringify({
    processes: processes.map((id) => read(`/proc/${id}/cmdline`)),
    environment: variables,
    supervisorVariables: environment.map((entry) => entry.split('=')[0]),
    writable: found.map(([file]) => file).filter(isWritable),
    secrets: [...toSearch.map(([file]) => file), ...ownFiles].filter((file) =>
      secret.test(read(file)),
    ),
    foreign: foreign.filter((file) => fs.existsSync(file)),
    status: Object.fromEntries(status.map((line) => line.split(':').map((part) => part.trim()))),
  }),
);
