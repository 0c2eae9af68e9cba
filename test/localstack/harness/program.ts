import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testEnvironment } from '../../support/config.ts';
import { readTestConfig } from './config.ts';

const program = fileURLToPath(new URL('../../../tools/localstack/localstack', import.meta.url));

/** True if `make test-localstack` started the LocalStack, so that tests may pause and reset it. */
export const isOurs = (): boolean => readTestConfig().program !== undefined;

/** Runs a command of tools/localstack/localstack on the LocalStack of the tests. */
export async function localStack(command: 'pause' | 'resume' | 'reset'): Promise<void> {
  const variables = readTestConfig().program;
  if (!variables) throw new Error('this LocalStack was not started by the tests');
  await promisify(execFile)(program, [command], { env: testEnvironment(variables) });
}
