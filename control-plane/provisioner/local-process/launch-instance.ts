import { mkdir } from 'node:fs/promises';
import { newInstanceId, type SessionId } from '@steppe/contracts/ids';
import { abortable } from '../../abortable.ts';
import type { Instance, InstanceEnd, StartRequest } from '../session-provisioner.ts';
import { StartFailedError } from '../start-failed-error.ts';
import type { AgentProcess } from './agent-process.ts';
import { instanceDirectory, removeTree } from './instance-directory.ts';
import { type InstanceFacts, readEntry, sessionOf, writeFacts } from './instance-entry.ts';
import { openInstancesDirectory, rootOf } from './instances-directory.ts';
import { keepEnd } from './kept-ends.ts';
import { requireModules } from './missing-modules.ts';
import { identify } from './process-identity.ts';
import { type End, readTermination } from './read-termination.ts';
import { type LaunchOptions, spawnInstance } from './spawn-instance.ts';
import { readTerminationRequest } from './termination-request.ts';

export interface LaunchedInstance extends Instance {
  /** Begins its end; `reason` counts where the agent gives no reason. */
  end(reason: End): void;
  /** Resolves when nothing of the instance is left; never rejects. */
  gone: Promise<InstanceEnd>;
}

/**
 * @throws where nothing of the instance is left: StartFailedError, the signal's reason, or what the
 * system refused it with.
 */
export async function launchInstance(
  options: LaunchOptions,
  request: StartRequest,
): Promise<LaunchedInstance> {
  const { instancesDirectory } = options;
  await requireModules(request.runtime, options.supervisorCommand(request.runtime)[0]);
  const instanceId = newInstanceId();
  const root = rootOf(instancesDirectory, instanceId);
  const facts: InstanceFacts = {
    instanceId,
    runtime: request.runtime.name,
    version: request.version,
    createdAtMs: options.now(),
    starter: identify(process.pid),
  };
  await openInstancesDirectory(instancesDirectory);
  await mkdir(root, { mode: 0o700 });
  const agent = await spawnInstance(root, options, request, facts);
  let isReady = false;
  let requested: End | undefined;
  const gone = agent.exited.then(async (exit): Promise<InstanceEnd> => {
    options.keys.forget(instanceDirectory(root).keys);
    const how = await readTermination(
      instanceDirectory(root).terminationFile,
      exit,
      requested ?? (await readTerminationRequest(root)),
    );
    const sessionId = lastSessionOf(root, request.sessionId);
    const end = { instanceId, ...(sessionId && { sessionId }), ...how };
    const complain = (err: unknown) =>
      options.logger.error({ err, directory: root }, 'could not clear up after an instance');
    if (isReady) await keepEnd(instancesDirectory, end).catch(complain);
    await removeTree(root).catch(complain);
    return end;
  });
  const end = (reason: End) => {
    requested ??= reason;
    agent.end();
  };
  const address = await whenReady(agent, gone, request.signal, async (port) => {
    const ready = {
      ...facts,
      agent: identify(agent.pid ?? 0),
      address: `http://127.0.0.1:${port}`,
    };
    await writeFacts(root, ready);
    isReady = true;
    return ready.address;
  });
  return { instanceId, address, end, gone };
}

/** As it is written; as the start requested where that cannot be read. */
function lastSessionOf(root: string, requested: SessionId | null): SessionId | null {
  try {
    const entry = readEntry(root);
    return entry ? (sessionOf(entry) ?? null) : requested;
  } catch {
    return requested;
  }
}

async function whenReady(
  agent: AgentProcess,
  gone: Promise<InstanceEnd>,
  signal: AbortSignal,
  onReady: (port: number) => Promise<string>,
): Promise<string> {
  try {
    return await onReady(await abortable(agent.port, signal));
  } catch (cause) {
    agent.end();
    const { detail } = await gone;
    signal.throwIfAborted();
    throw new StartFailedError('crashed', detail ?? 'the agent ended before it was ready', {
      cause,
    });
  }
}
