import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '@steppe/contracts/session';
import type { SessionsClient } from './sessions-client.ts';
import type { SoakInstances } from './soak-cluster.ts';

interface Ending {
  client: SessionsClient;
  session: Session;
  instances: SoakInstances;
}

/** The lifetime that a session requests, and how the session ends. */
export interface WayToEnd {
  /** Part of the body of the create. */
  lifetime: { ttl_seconds: number; idle_timeout_seconds: number };
  end(ending: Ending): Promise<unknown>;
}

/** Whatever happens to its client, a session soon ends by itself. */
const short = { ttl_seconds: 8, idle_timeout_seconds: 8 };
const suicide = { python: 'import os\nos._exit(1)', node: 'process.kill(process.pid, "SIGKILL")' };

const ways = {
  deleted: { lifetime: short, end: ({ client, session }) => client.remove(session.session_id) },
  idle: { lifetime: { ...short, idle_timeout_seconds: 1 }, end: async () => {} },
  expired: { lifetime: { ...short, ttl_seconds: 2 }, end: async () => {} },
  worker_killed: {
    lifetime: short,
    async end({ client, session }) {
      await client.run(
        session.session_id,
        session.runtime === 'python' ? suicide.python : suicide.node,
      );
      await client.remove(session.session_id);
    },
  },
  agent_killed: {
    lifetime: short,
    async end({ session, instances }) {
      if (session.instance_id) instances.killAgent(session.instance_id);
    },
  },
} satisfies Record<string, WayToEnd>;
export type WayName = keyof typeof ways;

/** Most are deleted, like most sessions in practice. */
const drawn: readonly WayName[] = [
  'deleted',
  'deleted',
  'deleted',
  'deleted',
  'deleted',
  'deleted',
  'idle',
  'expired',
  'worker_killed',
  'agent_killed',
];

export function drawWay(random: () => number): { name: WayName; way: WayToEnd } {
  const name = drawn[Math.floor(random() * drawn.length)] ?? 'deleted';
  return { name, way: ways[name] };
}

/** Runs something in the session before its end, or nothing. */
export async function live(
  { client, session }: Pick<Ending, 'client' | 'session'>,
  random: () => number,
): Promise<void> {
  if (random() < 0.2)
    await client.run(session.session_id, session.runtime === 'python' ? 'x = 1' : 'var x = 1');
  await delay(random() * 400);
}
