import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';

const service = fileURLToPath(new URL('../testing/failing-service.ts', import.meta.url));
let child: ChildProcess;
let lines: Record<string, unknown>[] = [];
afterEach(() => child.kill('SIGKILL'));

/** @returns its port. */
async function start(): Promise<number> {
  lines = [];
  child = spawn(process.execPath, ['--import', 'tsx', service], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    const whole = text.split('\n');
    text = whole.pop() ?? '';
    lines.push(...whole.map((line) => JSON.parse(line)));
  });
  await expect.poll(() => lines).toMatchObject([{ msg: 'listening' }]);
  return Number(lines[0]?.port);
}

/** Returns everything that arrives until the connection ends. */
async function get(port: number, path: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await once(socket, 'close');
  return text;
}

it('closes only the connection whose handling failed, with a log line for each', async () => {
  const port = await start();
  const other = connect(port, '127.0.0.1');
  other.write('GET /never HTTP/1.1\r\nHost: a\r\n\r\n');
  const failing = ['/timer', '/rejection', '/response', '/request', '/socket', '/raised'];
  for (const path of failing) expect([path, await get(port, path)]).toEqual([path, '']);
  expect(await get(port, '/error')).toBe('');
  await expect
    .poll(() => lines.slice(1).map(({ level, msg }) => [level, msg]))
    .toHaveLength(failing.length);
  for (const line of lines.slice(1)) {
    expect(line).toMatchObject({
      level: 'error',
      msg: 'connection failed',
      err: { message: 'unexpected' },
    });
  }
  expect(child.exitCode).toBe(null);
  expect(other.closed).toBe(false);
  expect((await fetch(`http://127.0.0.1:${port}/text`)).status).toBe(200);
  other.destroy();
});

it.each(['/detached', '/detached-timer'])(
  'ends the process, after a log line, for an error that no connection owns: %s',
  async (path) => {
    const port = await start();
    const exited = once(child, 'close');
    await get(port, path);
    expect(await exited).toEqual([1, null]);
    expect(lines.at(-1)).toMatchObject({
      level: 'fatal',
      msg: 'uncaught exception',
      err: { message: 'unexpected' },
    });
  },
);
