import type { Service, Services } from '../../../support/processes/services.ts';
import { startTcpProxy, type TcpProxy } from '../../../support/sockets/tcp-proxy.ts';

/** One data-plane, at an address that survives restarts of its process. */
export interface Replica {
  /** The proxy between clients and the data-plane. */
  proxy: TcpProxy;
  /** Sends SIGKILL. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** The current process. */
  service(): Service;
  /** All processes so far, including those that were killed. */
  started(): readonly { service: Service; wasKilled: boolean }[];
  log(): Record<string, unknown>[];
}

export async function startReplica(
  services: Services,
  env: Record<string, string>,
): Promise<Replica> {
  const proxy = await startTcpProxy(0);
  const all: { service: Service; wasKilled: boolean }[] = [];
  const start = async () => {
    const started = await services.start('data-plane', env);
    proxy.retarget(Number(new URL(started.url).port));
    all.push({ service: started, wasKilled: false });
    return started;
  };
  let service: Service = await start();
  return {
    proxy,
    async start() {
      service = await start();
    },
    async kill() {
      const present = all.at(-1);
      // A process that exited by itself does not count as killed.
      if (present && !service.hasExited()) present.wasKilled = true;
      await service.stop('SIGKILL');
    },
    service: () => service,
    started: () => all,
    log: () => service.log(),
  };
}
