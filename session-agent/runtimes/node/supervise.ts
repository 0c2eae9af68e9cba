import process from 'node:process';
import type { SupervisorCommand } from '../../protocol/frames.ts';
import { ConfigError, configErrorCode, readConfig, type SupervisorConfig } from './config.ts';
import { createAgentLink } from './supervise/agent-link.ts';
import { killDescendants, type Own, ownsPidNamespace } from './supervise/descendants.ts';
import { listProcesses } from './supervise/processes.ts';
import { createWorkerSupervision } from './supervise/supervise-worker.ts';

/**
 * Starts workers for the agent, and kills the remaining processes of a worker when it exits. It
 * never runs user code itself.
 */
function supervise(config: SupervisorConfig, own: Own): void {
  const supervision = createWorkerSupervision(config, own, (frame) => link.send(frame));
  const link = createAgentLink({
    socketPath: config.socketPath,
    greeting: { type: 'supervisor', language: 'node', version: process.version, pid: process.pid },
    onMessage: (message) => obey(asCommand(message)),
    // A restarted agent does not know this worker.
    onLost: () => supervision.kill(),
  });

  function obey(command: SupervisorCommand): void {
    if (command.type === 'spawn') {
      supervision.spawn({
        epoch: command.epoch,
        env: command.env,
        memoryBytes: command.memory_bytes,
      });
    } else if (command.type === 'kill') {
      supervision.kill(command.epoch);
    } else {
      // The agent interrupts a Node worker with a frame, so no signal will reach a step.
      link.send({ type: 'interrupted', step_id: command.step_id });
    }
  }

  async function end(): Promise<void> {
    link.close();
    await supervision.end();
    process.exit(0);
  }

  process.on('SIGTERM', () => void end());
  // A terminal sends SIGINT to the whole process group: the agent decides what to do.
  process.on('SIGINT', () => undefined);
  if (config.hasLifeline) {
    process.stdin.on('error', () => void end());
    process.stdin.on('end', () => void end());
    process.stdin.resume();
  }
}

/** The agent is trusted: it sends only commands of this type. */
function asCommand(message: unknown): SupervisorCommand {
  return message as SupervisorCommand;
}

try {
  const config = readConfig();
  const { pid, ppid } = process;
  const ownsNamespace = !config.hasLifeline && ownsPidNamespace(pid, ppid, listProcesses());
  const own = { pid, instanceId: config.instanceId, ownsNamespace };
  // An earlier supervisor may have been killed, and its worker's processes may still run.
  const cleared = config.isFirst || ownsNamespace ? Promise.resolve() : killDescendants(own);
  void cleared.then(() => supervise(config, own));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = configErrorCode;
}
