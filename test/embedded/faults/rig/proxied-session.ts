import type { SessionId } from '@steppe/contracts/ids';
import type { Session } from '@steppe/contracts/session';
import type { SessionStore } from '@steppe/session-store/ports';
import { startTcpProxy, type TcpProxy } from '../../../support/sockets/tcp-proxy.ts';

export interface ProxiedSession {
  id: SessionId;
  instanceId: string;
  agentPort: number;
  /** Between the data-plane and its agent. */
  proxy: TcpProxy;
  /**
   * Its agent is to be found at another address from now on, and the old one is given to whoever
   * listens at `strangerPort`. The route says so; a cached one is wrong.
   * @throws Error where the session has ended.
   */
  move(strangerPort: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Puts a proxy before the agent of a session that nobody has called yet: its route is in no cache.
 */
export async function putProxyBefore(
  { session_id: id, instance_id: instanceId }: Session,
  store: SessionStore,
): Promise<ProxiedSession> {
  if (instanceId === null) throw new Error(`${id} has no instance`);
  let proxy = await startTcpProxy(0);
  const proxies = [proxy];
  const close = async () => void (await Promise.all(proxies.map((one) => one.close())));
  try {
    const agentPort = Number(new URL(await setAddress(store, id, proxy.url)).port);
    proxy.retarget(agentPort);
    return {
      id,
      instanceId,
      agentPort,
      get proxy() {
        return proxy;
      },
      async move(strangerPort) {
        const old = proxy;
        proxy = await startTcpProxy(agentPort);
        proxies.push(proxy);
        await setAddress(store, id, proxy.url);
        old.heal();
        old.retarget(strangerPort);
        // A connection belongs to the process that it was made with.
        old.cut();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @returns the address before. */
async function setAddress(
  store: SessionStore,
  sessionId: SessionId,
  address: string,
): Promise<string> {
  for (;;) {
    const record = await store.get(sessionId, { consistent: true });
    if (record?.state !== 'ready')
      throw new Error(`${sessionId} is ${record?.state ?? 'not there'}`);
    if ((await store.update({ ...record, address }, record.version)).outcome === 'updated')
      return record.address;
  }
}
