import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isExistingCluster } from '../support/config.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Finished {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; a status other than 0 is no error. */
async function run(program: string, args: readonly string[], input = ''): Promise<Finished> {
  const child = spawn(program, args, { cwd: root, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  // A program that exits first reads no input; its status says more.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  return { status, ...output };
}

/** @throws Error with what the program printed, if it fails. */
export async function runOrThrow(
  program: string,
  args: readonly string[],
  input = '',
): Promise<string> {
  const { status, stdout, stderr } = await run(program, args, input);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

const kubectlCommand = (args: readonly string[]): [string, string[]] =>
  isExistingCluster() ? ['kubectl', [...args]] : ['tools/cluster/cluster', ['kubectl', ...args]];

/** kubectl as the cluster's administrator. */
export const kubectl = (args: readonly string[], input = ''): Promise<Finished> =>
  run(...kubectlCommand(args), input);

export const kubectlOrThrow = (args: readonly string[], input = ''): Promise<string> =>
  runOrThrow(...kubectlCommand(args), input);

/** What `jsonpath` selects of an object in a namespace. */
export const kubectlRead = (
  namespace: string,
  object: readonly string[],
  jsonpath: string,
): Promise<string> =>
  kubectlOrThrow(['--namespace', namespace, 'get', ...object, '--output', `jsonpath=${jsonpath}`]);

let helmPath: Promise<string> | undefined;

/** Helm; built once if it is missing. @returns what it printed, the output of hooks included. */
export async function helm(args: readonly string[], input = ''): Promise<string> {
  helmPath ??= runOrThrow('tools/helm/install', []).then((folder) => `${folder.trim()}/helm`);
  const { status, stdout, stderr } = await run(await helmPath, args, input);
  if (status !== 0) throw new Error(`helm ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout + stderr;
}
