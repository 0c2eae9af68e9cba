import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionId } from '@steppe/contracts/ids';
import type { Plane } from '@steppe/contracts/internal';
import type { Language } from '@steppe/contracts/session';
import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { inject } from 'vitest';
import { agentEnvironment } from '../../../control-plane/provisioner/local-process/agent-environment.ts';
import { spawnAgent } from '../../../control-plane/provisioner/local-process/agent-process.ts';
import {
  fillInstanceDirectory,
  instanceDirectory,
  removeTree,
} from '../../../control-plane/provisioner/local-process/instance-directory.ts';
import { writeKeys } from '../../../control-plane/provisioner/local-process/publish-keys.ts';
import { createLogger } from '../../../service-kit/process/logger.ts';
import { bind } from './bind.ts';
import { hostVariables, repository } from './config.ts';
import { supervisorCommands } from './languages.ts';
import { makePlaneKey } from './plane-keys.ts';

export interface AgentOptions {
  /** Variables of the session, which apply to every step. */
  env?: Record<string, string>;
  memoryBytes?: number;
  /** A command to use instead of the language's default supervisor. */
  supervisorCommand?: readonly string[];
  /** Variables of the agent process itself. */
  agentEnv?: Record<string, string>;
}

/** A bound agent: a process of its own, as in a local session, or the agent of a pod. */
export interface Agent {
  url: string;
  sessionId: SessionId;
  instanceId: string;
  workspace: string;
  /** A value for the `Authorization` header of a request. */
  authorization(plane: Plane): Promise<string>;
  /** Stops the agent and removes all of its files; those of a pod go some time later. */
  stop(): Promise<void>;
  /** The end of what a process has written to its standard error when it has exited. */
  stderrTail?: () => Promise<string>;
}

const defaultMemoryBytes = 1024 ** 3;

/** Where the tests are given session pods, it is the agent of one. */
export async function startAgent(language: Language, options: AgentOptions = {}): Promise<Agent> {
  const pods = inject('sessionPods');
  if (!pods) return startProcess(language, options);
  const { startPod } = await import('../../cluster/conformance/start-pod.ts');
  return startPod(pods, language, options);
}

async function startProcess(language: Language, options: AgentOptions): Promise<Agent> {
  const [control, data] = await Promise.all([
    makePlaneKey('control-plane'),
    makePlaneKey('data-plane'),
  ]);
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
  const stderrTail = async () => (await agent.exited).stderrTail;
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
    return {
      url,
      sessionId,
      instanceId,
      workspace: directory.workspace,
      authorization,
      stop,
      stderrTail,
    };
  } catch (cause) {
    await stop();
    throw new Error(`the agent did not start: ${await stderrTail()}`, { cause });
  }
}
