import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { testEnvironment } from '../config.ts';

/** Runs a bundle until it exits. */
export async function runBundle(name: string, env: Record<string, string>, args: string[] = []) {
  const bundle = fileURLToPath(new URL(`../../../dist/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [bundle, ...args], {
    env: testEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}
