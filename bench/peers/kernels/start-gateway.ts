import { join } from 'node:path';
import { freePort } from '../../../test/support/sockets/free-port.ts';
import type { Bench } from '../../row.ts';
import { startCommand } from '../../run/start-program.ts';
import { untilListening } from '../../run/until-listening.ts';
import { kernelCommand } from './run-kernel-program.ts';

/** Its warnings are about every kernel, and its last line about the signal that ends it. */
const errorsToLog = ['sh', '-c', 'exec "$@" 2>&1', 'sh'] as const;

/** Starts a kernel gateway without kernels. @returns its port */
export async function openGateway({ directory, onClose }: Bench): Promise<number> {
  const port = await freePort();
  onClose(
    startCommand([...errorsToLog, ...kernelCommand('gateway')], {
      cores: 'all',
      logFile: join(directory, 'gateway.log'),
      env: { JUPYTER_RUNTIME_DIR: join(directory, 'jupyter') },
      args: [
        '--KernelGatewayApp.ip=127.0.0.1',
        `--KernelGatewayApp.port=${port}`,
        '--log-level=ERROR',
      ],
    }),
  );
  await untilListening(port);
  return port;
}
