import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instanceIdSchema, sessionIdSchema } from '@steppe/contracts/ids';
import { createInternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { systemClock } from '@steppe/service-kit/process/clock';
import { importJWK } from 'jose';
import { type Client, connect } from '../../test/support/api/client.ts';
import { findInstance } from '../../test/support/processes/instance.ts';
import { listeningPorts } from '../../test/support/processes/listeners.ts';
import { prepareServices } from '../../test/support/processes/services.ts';
import type { Bench } from '../row.ts';
import { createCaller } from './caller.ts';
import { type StartedService, startService } from './start-service.ts';

/** Both planes, with real agents and interpreters. They share all cores. */
export interface Services {
  port: number;
  client: Client;
  authorization: string;
  controlPlane: StartedService;
  openSession(runtime: 'python' | 'node'): Promise<OpenSession>;
}

export interface OpenSession {
  id: string;
  /** Of its steps, at the data-plane. */
  path: string;
  /** Looks its agent up among the processes of this machine. */
  findAgent(): SessionAgent;
  run(code: string): Promise<void>;
  end(): Promise<void>;
}

export interface SessionAgent {
  pid: number;
  port: number;
  /** A request header that the agent accepts. */
  authorization(): Promise<string>;
}

/** @param poolSize warm instances of each runtime */
export async function openServices(
  { directory, onClose }: Bench,
  poolSize: number,
): Promise<Services> {
  const prepared = await prepareServices();
  onClose({ stop: prepared.close });
  const caller = await createCaller(directory);
  const start = async (name: 'control-plane' | 'data-plane', env: Record<string, string>) =>
    onClose(
      await startService(name, {
        cores: 'all',
        logFile: join(directory, `${name}.log`),
        env: { ...prepared.environment(name), ...caller.env, ...env },
      }),
    );
  const controlPlane = await start('control-plane', {
    STEPPE_POOL_SIZE: String(poolSize),
    SESSIONS_PER_TENANT: '1000',
  });
  const { port } = await start('data-plane', {
    CONTROL_PLANE_URL: `http://127.0.0.1:${controlPlane.port}`,
  });
  const client = connect(`http://127.0.0.1:${port}`, caller.authorization.replace('Bearer ', ''));
  const signer = await openSigner(prepared.directory);
  return {
    port,
    client,
    authorization: caller.authorization,
    controlPlane,
    async openSession(runtime) {
      const { session_id, instance_id } = await client.createSession({ runtime });
      const id = sessionIdSchema.parse(session_id);
      const instanceId = instanceIdSchema.parse(instance_id);
      return {
        id,
        path: `/v1/sessions/${id}/steps`,
        findAgent() {
          const { agentPid: pid } = findInstance(instanceId);
          const [agentPort] = listeningPorts(pid);
          if (agentPort === undefined) throw new Error(`the agent of ${id} listens on no port`);
          const authorization = async () => `Bearer ${await signer.sign(instanceId, id)}`;
          return { pid, port: agentPort, authorization };
        },
        async run(code) {
          const { status, error } = await client.run(id, code);
          if (status !== 'completed') throw new Error(`the step is ${status}: ${error?.name}`);
        },
        async end() {
          await client.call('DELETE', `/v1/sessions/${id}`);
        },
      };
    },
  };
}

/** Signs as the data-plane does, so that the bench can call an agent without it. */
async function openSigner(directory: string) {
  const text = readFileSync(join(directory, 'data-plane.private.json'), 'utf8');
  const { kid, ...jwk } = JSON.parse(text);
  const privateKey = await importJWK({ ...jwk, kid }, 'EdDSA');
  if (privateKey instanceof Uint8Array) throw new Error('the key is symmetric');
  return createInternalTokenSigner('data-plane', { kid, privateKey }, systemClock);
}
