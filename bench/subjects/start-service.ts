import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/support/sockets/free-port.ts';
import type { Cores } from '../run/cores.ts';
import { type NodeCommand, type Program, plainNode, startCommand } from '../run/start-program.ts';
import { until } from '../run/until.ts';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

export interface StartedService extends Program {
  port: number;
  /** Serves its metrics. */
  operatorPort: number;
}

interface ServiceOptions {
  cores: Cores;
  env: Record<string, string>;
  /** Receives its log. */
  logFile: string;
  /** The command that starts Node. */
  node?: NodeCommand;
}

/** Starts a plane from its bundle, as in production: it logs each request at level info. */
export async function startService(
  name: 'control-plane' | 'data-plane',
  { cores, env, logFile, node = plainNode }: ServiceOptions,
): Promise<StartedService> {
  const [port, operatorPort] = await Promise.all([freePort(), freePort()]);
  const program = startCommand([...node, `${dist}${name}.mjs`], {
    cores,
    logFile,
    env: {
      LOG_LEVEL: 'info',
      ...env,
      PORT: String(port),
      OPERATOR_PORT: String(operatorPort),
    },
  });
  await until(async () => {
    const { exitCode } = program.child;
    if (exitCode !== null) throw new Error(`${name} exited with ${exitCode}`);
    const { ok } = await fetch(`http://127.0.0.1:${operatorPort}/readyz`);
    if (!ok) throw new Error(`${name} is not ready`);
  });
  return { ...program, port, operatorPort };
}
