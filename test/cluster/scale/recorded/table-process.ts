import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@steppe/service-kit/testing/eventually';
import type { RunningDynamoDb } from '@steppe/session-store/dynalite/start-dynalite';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import { testEnvironment } from '../../../support/config.ts';
import { freePort } from '../../../support/sockets/free-port.ts';

const bundle = fileURLToPath(new URL('../../../../dist/local-store/main.mjs', import.meta.url));

/** A table on disk in a process of its own, so that its work is not measured as the test's. */
export async function startTable(): Promise<RunningDynamoDb> {
  const directory = mkdtempSync(join(tmpdir(), 'steppe-scale-'));
  const port = await freePort();
  const env = { HOST: '127.0.0.1', PORT: String(port), DATA_DIR: directory };
  const child = spawn(process.execPath, [bundle], { env: testEnvironment(env), stdio: 'ignore' });
  const exited = once(child, 'exit');
  const close = async () => {
    child.kill();
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await eventually(() => fetch(endpoint), 30_000);
    return { endpoint, tableName: sessionsTable.defaultName, close };
  } catch (error) {
    await close();
    throw error;
  }
}
