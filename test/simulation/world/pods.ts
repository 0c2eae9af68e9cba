import type { Ids, InstanceId } from '@steppe/contracts/ids';
import { agentPort } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-containers';
import { readInstanceId } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { agentLimitVariables, runtimeVariables } from '@steppe/service-kit/config/variables';
import { createLifecycle } from '@steppe/service-kit/process/lifecycle';
import * as z from 'zod';
import type { AgentConfig } from '../../../session-agent/config.ts';
import { fitTerminationMessage } from '../../../session-agent/session/termination-message.ts';
import { startAgent } from '../../../session-agent/start-agent.ts';
import type { SimulatedProcess } from '../kernel/kernel.ts';
import type { RandomStream } from '../kernel/random-stream.ts';
import type { ContainerStart, RunningContainer } from '../models/kubernetes/container.ts';
import type { StepRun } from '../models/runtime/runtime-machine.ts';
import { createRuntimeModel, type RuntimeModel } from '../models/runtime/runtime-model.ts';
import { createSpoolFilesModel } from '../models/spool-files-model.ts';
import { createWorkspaceModel } from '../models/workspace-model.ts';
import { createSimulatedVerifier } from './simulated-credentials.ts';
import { createSimulatedLogger } from './simulated-logger.ts';
import type { Simulation } from './simulation.ts';

/** A step that waits longer for its container exceeds what else a call takes. */
const noticeableMs = 30_000;
/** An interpreter of a container that was started again. */
const startMs = 5_000;

/** The two containers of a pod that runs. */
export interface RunningPod {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly runtime: RuntimeModel;
}

export interface PodsParts extends Simulation {
  ids: Ids;
  onRun: (run: StepRun) => void;
}

/** What a kubelet starts: a real agent beside a model of the runtime. */
export class Pods {
  readonly running = new Map<string, RunningPod>();
  readonly #parts: PodsParts;
  readonly #random: RandomStream;

  constructor(parts: PodsParts) {
    this.#parts = parts;
    this.#random = parts.kernel.random('runtimes');
  }

  start(start: ContainerStart): RunningContainer {
    const { kernel, history, network, clock, faults } = this.#parts;
    const { name, labels } = start.pod.metadata;
    const instanceId = readInstanceId(labels);
    if (!instanceId) throw new Error(`${name} is not a pod of a session`);
    const process = kernel.createProcess(name);
    const runtime = createRuntimeModel(kernel, {
      instanceId,
      faults: faults.runtime,
      onFault: (kind) => history.fault('runtime', kind),
      onBackOff: (ms) => {
        if (ms > noticeableMs) history.fault('back-off', 'restart of a container', ms + startMs);
      },
      onRun: this.#parts.onRun,
      random: this.#random,
    });
    const logger = createSimulatedLogger(kernel, history, name);
    const lifecycle = createLifecycle(logger);
    let message: string | undefined;
    const remove = () => {
      this.running.delete(name);
      kernel.kill(process);
      runtime.stop();
    };
    const exit = (exitCode: number) =>
      void kernel.schedule(1, kernel.world, `exit of ${name}`, () => {
        remove();
        start.ended({ exitCode, ...(message !== undefined && { message }) });
      });
    this.running.set(name, { name, process, runtime });
    const boot = () =>
      startAgent(agentConfig(instanceId), {
        verifier: createSimulatedVerifier(instanceId),
        workspace: createWorkspaceModel(kernel, {
          random: this.#random,
          onChange: ({ path, content }) =>
            content && history.uploads.push({ instanceId, path, content: content.toString() }),
        }),
        ensureWorkspace: async () => {},
        spoolFiles: createSpoolFilesModel(kernel, {
          random: this.#random,
          faults: faults.spool,
          onFault: (kind) => history.fault('runtime', kind),
        }),
        runtimeTransport: runtime.transport,
        leaveTerminationMessage: (left) => {
          message = fitTerminationMessage(left);
        },
        network: network.networkOf(start.address),
        clock,
        ids: this.#parts.ids,
        logger,
        lifecycle,
        exit,
      });
    kernel.schedule(this.#random.between(5, 900), process, 'start agent', () => {
      boot().then(
        () => kernel.schedule(0, kernel.world, `${name} ready`, () => start.ready()),
        (error: unknown) => {
          history.tell(name, `could not start: ${error}`);
          exit(1);
        },
      );
    });
    return {
      stop: (graceMs) => {
        kernel.schedule(0, process, 'SIGTERM', () => {
          void lifecycle.close().then(() => exit(143));
        });
        kernel.schedule(graceMs, kernel.world, 'SIGKILL', remove);
      },
      kill: remove,
      lose: () => {
        network.lose(process);
        remove();
      },
    };
  }
}

const limits = z.object({ ...runtimeVariables, ...agentLimitVariables }).parse({});

const agentConfig = (instanceId: InstanceId): AgentConfig => ({
  ...limits,
  HOST: '0.0.0.0',
  PORT: agentPort,
  LOG_LEVEL: 'info',
  STEPPE_INSTANCE_ID: instanceId,
  STEPPE_RUN_DIR: '/run/steppe',
  STEPPE_WORKSPACE: '/workspace',
  STEPPE_KEYS_DIR: '/etc/steppe/keys',
  STEPPE_SUPERVISOR_COMMAND: undefined,
  STEPPE_TERMINATION_FILE: '/dev/termination-log',
  inheritedEnv: {},
  spoolDirectory: '/var/spool/steppe',
});
