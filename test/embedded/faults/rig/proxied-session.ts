import type { SessionId } from '@steppe/contracts/ids';
import type { Session } from '@steppe/contracts/session';
import type { SessionStore } from '@steppe/session-store/ports';
import { startTcpProxy, type TcpProxy } from '../../../support/sockets/tcp-proxy.ts';

export interface ProxiedSession {
  id: SessionId;
  instanceId: string;
  agentPort: number;
  /** The proxy between the data-plane and its agent. */
  proxy: TcpProxy;
  /**
   * Gives the agent a new address, and the old one to the server on `strangerPort`. The stored
   * route has the new address, so a cached one is wrong.
   * @throws Error if the session has ended.
   */
  move(strangerPort: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Puts a proxy before the agent of a session that has had no call yet, so its route is in no cache.
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
        // An open connection still leads to the process that accepted it.
        old.cut();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @returns the previous address. */
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
