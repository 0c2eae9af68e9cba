import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { fakeAgentBundle } from './fake-provisioner.ts';

/** Starts hold-instance.ts as a separate process whose standard output can be read. */
export async function holdInstance(instancesDirectory: string) {
  const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const result = await build({
    entryPoints: [here('./hold-instance.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    external: ['pino'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const [output] = result.outputFiles;
  const holder = spawn(
    process.execPath,
    ['--input-type=module', '-', fakeAgentBundle, instancesDirectory],
    {
      cwd: here('.'),
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  holder.stdin.end(output?.text);
  return holder;
}
