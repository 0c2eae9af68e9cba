import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const bundle = fileURLToPath(new URL('../dist/local.mjs', import.meta.url));

/** Starts a local mode on a free port. */
export async function startLocal(variables = {}) {
  const local = spawn(process.execPath, [bundle], {
    env: {
      ...process.env,
      PORT: '0',
      STEPPE_ENV: 'development',
      AUTH_MODE: 'jwt',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(local, 'exit');
  const found = {};
  for await (const line of createInterface({ input: local.stdout })) {
    const [, name, value] = /^export STEPPE_(URL|TOKEN)=(\S+)$/.exec(line) ?? [];
    if (name) found[name.toLowerCase()] = value;
    if (found.url && found.token) break;
  }
  if (!found.token) throw new Error('the local mode did not start');
  const stop = async () => {
    local.kill('SIGTERM');
    await exited;
  };
  return { ...found, pid: local.pid, stop };
}
