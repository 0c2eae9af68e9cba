import type { Service, Services } from '../../harness/services.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** One data-plane, at an address that outlives it. */
export interface Replica {
  /** Between clients and it. */
  proxy: TcpProxy;
  /** kill -9. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** The present process. */
  service(): Service;
  log(): Record<string, unknown>[];
}

export async function startReplica(services: Services, env: Record<string, string>): Promise<Replica> {
  const proxy = await startTcpProxy(0);
  const start = async () => {
    const started = await services.start('data-plane', env);
    proxy.retarget(Number(new URL(started.url).port));
    return started;
  };
  let service: Service = await start();
  return {
    proxy,
    async start() {
      service = await start();
    },
    kill: async () => void (await service.stop('SIGKILL')),
    service: () => service,
    log: () => service.log(),
  };
}
