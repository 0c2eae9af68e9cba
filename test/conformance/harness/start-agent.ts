import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionId } from '@steppe/contracts/ids';
import { bindResponseSchema, type Plane } from '@steppe/contracts/internal';
import type { Language } from '@steppe/contracts/session';
import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { exportJWK, generateKeyPair } from 'jose';
import { agentEnvironment } from '../../../control-plane/provisioner/local-process/agent-environment.ts';
import { spawnAgent } from '../../../control-plane/provisioner/local-process/agent-process.ts';
import {
  fillInstanceDirectory,
  instanceDirectory,
  removeTree,
} from '../../../control-plane/provisioner/local-process/instance-directory.ts';
import { writeKeys } from '../../../control-plane/provisioner/local-process/publish-keys.ts';
import { createInternalTokenSigner } from '../../../service-kit/auth/internal-token/signer.ts';
import { createLogger } from '../../../service-kit/process/logger.ts';
import { hostVariables, repository } from './config.ts';
import { supervisorCommands } from './languages.ts';

export interface AgentOptions {
  /** Variables of the session, which apply to every step. */
  env?: Record<string, string>;
  memoryBytes?: number;
  /** A command to use instead of the language's default supervisor. */
  supervisorCommand?: readonly string[];
  /** Variables of the agent process itself. */
  agentEnv?: Record<string, string>;
}

/** A bound agent in its own process, as in a local session. */
export interface Agent {
  url: string;
  sessionId: SessionId;
  instanceId: string;
  workspace: string;
  /** A value for the `Authorization` header of a request. */
  authorization(plane: Plane): Promise<string>;
  /** Stops the agent and removes all of its files. */
  stop(): Promise<void>;
}

const defaultMemoryBytes = 1024 ** 3;

export async function startAgent(language: Language, options: AgentOptions = {}): Promise<Agent> {
  const [control, data] = await Promise.all([makeKey('control-plane'), makeKey('data-plane')]);
  const instanceId = newInstanceId();
  const instancesDirectory = mkdtempSync('/tmp/steppe-');
  const directory = instanceDirectory(join(instancesDirectory, instanceId));
  mkdirSync(directory.root);
  await fillInstanceDirectory(directory);
  await writeKeys(directory.keys, {
    'control-plane': control.publicSet,
    'data-plane': data.publicSet,
  });
  const sessionId = newSessionId();
  const agent = spawnAgent({
    bundle: `${repository}dist/session-agent.cjs`,
    cwd: directory.root,
    env: {
      ...agentEnvironment({
        host: hostVariables,
        instanceId,
        instancesDirectory,
        directory,
        supervisorCommand: options.supervisorCommand ?? supervisorCommands[language],
        memoryBytes: options.memoryBytes ?? defaultMemoryBytes,
        logLevel: 'fatal',
      }),
      ...options.agentEnv,
    },
    clock: systemClock,
    graceMs: 5_000,
    logger: createLogger({ service: 'conformance', level: 'silent' }),
  });
  const stop = async () => {
    agent.end();
    await agent.exited;
    await removeTree(instancesDirectory);
  };
  try {
    const url = `http://127.0.0.1:${await agent.port}`;
    const authorization = async (plane: Plane) => {
      const token =
        plane === 'control-plane'
          ? control.signer.sign(instanceId)
          : data.signer.sign(instanceId, sessionId);
      return `Bearer ${await token}`;
    };
    const env = options.env ?? {};
    await bind(url, await authorization('control-plane'), { session_id: sessionId, env });
    return { url, sessionId, instanceId, workspace: directory.workspace, authorization, stop };
  } catch (cause) {
    await stop();
    throw new Error(`the agent did not start: ${(await agent.exited).stderrTail}`, { cause });
  }
}

export async function makeKey(plane: Plane, kid: string = plane) {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return {
    publicSet: { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig' }] },
    signer: createInternalTokenSigner(plane, { kid, privateKey }, systemClock),
  };
}

export async function bind(url: string, authorization: string, session: object): Promise<void> {
  const response = await fetch(`${url}/internal/bind`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      ...session,
      tenant_id: 'conformance',
      resources: { cpu: '1', memory: '1Gi', ephemeral_storage: '1Gi' },
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      idle_timeout_seconds: 3_600,
    }),
  });
  bindResponseSchema.parse(await response.json());
}
