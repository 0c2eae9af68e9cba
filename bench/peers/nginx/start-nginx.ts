import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort } from '../../../test/support/sockets/free-port.ts';
import type { Cores } from '../../run/cores.ts';
import { type Program, startCommand } from '../../run/start-program.ts';
import { untilListening } from '../../run/until-listening.ts';
import { proxyConfig, respondingConfig } from './config-text.ts';

/** Debian's package, unpacked by the Makefile. */
const binary = fileURLToPath(new URL('../../../.nginx/usr/sbin/nginx', import.meta.url));

export interface Nginx extends Program {
  port: number;
}

interface NginxOptions {
  /** An empty place for its files. */
  directory: string;
  cores: Cores;
}

export const startNginxProxy = (options: NginxOptions, upstreamPort: number): Promise<Nginx> =>
  startNginx(options, (files) => proxyConfig(files, upstreamPort));

export const startNginxUpstream = (options: NginxOptions, body: string): Promise<Nginx> =>
  startNginx(options, (files) => respondingConfig(files, body));

async function startNginx(
  { directory, cores }: NginxOptions,
  config: (files: { directory: string; port: number }) => string,
): Promise<Nginx> {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, config({ directory, port }));
  const program = startCommand([binary, '-p', directory, '-c', file], { cores });
  await untilListening(port);
  return { ...program, port };
}
