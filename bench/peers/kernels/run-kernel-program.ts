import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { startCommand } from '../../run/start-program.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The command that runs a Python program of this folder with Jupyter's packages. */
export const kernelCommand = (program: string): [string, ...string[]] => [
  `${root}.venv-bench/bin/python`,
  `${root}bench/peers/kernels/${program}.py`,
];

const timesSchema = z.array(z.number());

/**
 * Runs one of the programs that time steps.
 * @param input its only argument, as JSON
 * @returns the times that it prints, in ms
 */
export async function runKernelProgram(
  program: 'time_steps' | 'time_creates' | 'load_kernels',
  input: object,
): Promise<number[]> {
  const started = startCommand(kernelCommand(program), {
    cores: 'rest',
    args: [JSON.stringify(input)],
  });
  if (!started.child.stdout) throw new Error('no standard output');
  const output = await text(started.child.stdout);
  if (output === '') throw new Error(`${program} printed nothing`);
  return timesSchema.parse(JSON.parse(output));
}
