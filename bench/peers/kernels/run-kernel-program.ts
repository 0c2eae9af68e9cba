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

const figuresSchema = z.array(z.number());

/**
 * Runs one of the programs that measure kernels.
 * @param input its only argument, as JSON
 * @returns the figures that it prints; times are in ms
 */
export async function runKernelProgram(
  program: 'time_steps' | 'time_creates' | 'load_kernels' | 'kernel_footprint',
  input: object = {},
): Promise<number[]> {
  const started = startCommand(kernelCommand(program), {
    cores: 'rest',
    args: [JSON.stringify(input)],
  });
  if (!started.child.stdout) throw new Error('no standard output');
  const output = await text(started.child.stdout);
  if (output === '') throw new Error(`${program} printed nothing`);
  return figuresSchema.parse(JSON.parse(output));
}

/** Starts one kernel without a gateway. */
export async function measureKernel(): Promise<{ startMs: number; rssMb: number }> {
  const [startMs = Number.NaN, rssMb = Number.NaN] = await runKernelProgram('kernel_footprint');
  return { startMs, rssMb };
}
