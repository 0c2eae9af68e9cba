import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { EndedReason } from '@steppe/contracts/end-reason';
import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { InternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAgentClient } from '../../sessions/agent-client.ts';
import { bindStatus } from '../../testing/bind-status.ts';
import {
  type Behaviour,
  behaving,
  type Fakes,
  isRunning,
  startFakes,
} from '../../testing/fake-provisioner.ts';
import { holdInstance } from '../../testing/run-holder.ts';
import { newOwner } from '../conformance/requests.ts';
import { describeSessionProvisioner } from '../conformance/session-provisioner-conformance.ts';
import type { Instance, InstanceEnd } from '../session-provisioner.ts';

/** Writes the termination message that the agent itself would write. */
async function leaveTerminationMessage(
  signer: InternalTokenSigner,
  instance: Instance,
  reason: EndedReason,
): Promise<void> {
  const agents = createAgentClient({ signer, ...realParts });
  await agents.end(instance, reason, AbortSignal.timeout(10_000));
  await agents.close();
}

describeSessionProvisioner('local-process provisioner with a fake agent', {
  // A machine evicts nothing; `node_lost` ends all instances at once and has a test below.
  isShared: false,
  reasons: ['idle', 'expired', 'oom_killed'],
  open: async () => {
    const fakes = await startFakes();
    return {
      provisioner: fakes.provisioner,
      runtime: behaving('serve'),
      crashing: behaving('crash-before-ready'),
      stuck: behaving('never-ready'),
      bind: (instanceId, address, sessionId) =>
        bindStatus(fakes.signer, instanceId, address, sessionId),
      kill: async (instanceId) => void process.kill(await fakes.pidOf(instanceId), 'SIGKILL'),
      endAs: (reason, instance) => leaveTerminationMessage(fakes.signer, instance, reason),
      leftovers: fakes.leftovers,
    };
  },
});

describe('local-process provisioner', () => {
  let fakes: Fakes;
  beforeEach(async () => {
    fakes = await startFakes();
  });
  afterEach(async () => {
    await fakes.provisioner.close();
    expect(await fakes.leftovers()).toEqual([]);
    expect(existsSync(fakes.instancesDirectory)).toBe(false);
  });

  const neverAborted = new AbortController().signal;
  const start = (behaviour: Behaviour, signal = neverAborted) => {
    const runtime = behaving(behaviour);
    const request = {
      owner: newOwner(),
      runtime: runtime.name,
      resources: runtime.default_resources,
      version: 'v1',
      signal,
    };
    return fakes.provisioner.start(request);
  };
  const nextEnd = () =>
    new Promise<InstanceEnd>((resolve) => {
      fakes.provisioner.watch(async (end) => resolve(end));
    });

  it('gives an agent only the variables of its contract', async () => {
    const { instanceId } = await start('serve');
    const environ = await fakes.environmentOf(instanceId);
    expect(environ).toEqual({
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'info',
      STEPPE_INSTANCE_ID: instanceId,
      STEPPE_INSTANCE_DIR: `${fakes.instancesDirectory}/${instanceId}`,
      STEPPE_INSTANCES_DIR: fakes.instancesDirectory,
      STEPPE_RUN_DIR: expect.stringMatching(/^\/tmp\/steppe-.*\/run$/),
      STEPPE_WORKSPACE: expect.stringMatching(/\/workspace$/),
      STEPPE_KEYS_DIR: expect.stringMatching(/\/keys$/),
      STEPPE_TERMINATION_FILE: expect.stringMatching(/\/termination$/),
      STEPPE_LIFELINE: 'stdin',
      STEPPE_READY_FD: '3',
      STEPPE_MEMORY_BYTES: String(512 * 1024 * 1024),
      STEPPE_SUPERVISOR_COMMAND: '["fake-agent","serve"]',
    });
    expect(JSON.parse(await fakes.readIn(instanceId, 'keys/data-plane.json'))).toEqual(
      fakes.publicKeys['data-plane'],
    );
  });

  it('reports the stderr tail of an agent that ends before it is ready', async () => {
    await expect(start('crash-before-ready')).rejects.toThrow(
      'exit code 3: there is no interpreter',
    );
  });

  it('rejects an agent that writes anything but its port', async () => {
    await expect(start('say-nonsense')).rejects.toMatchObject({ name: 'StartFailedError' });
  });

  it('kills an agent that ignores SIGTERM', async () => {
    const { instanceId } = await start('ignore-term');
    await fakes.provisioner.end(instanceId);
  });

  it('removes the directory of a killed agent whose supervisor still writes there', async () => {
    const { instanceId } = await start('lose-child');
    const ended = nextEnd();
    process.kill(await fakes.pidOf(instanceId), 'SIGKILL');
    expect(await ended).toMatchObject({ instanceId, reason: 'crashed', detail: 'signal SIGKILL' });
    expect(await fakes.leftovers()).toEqual([]);
  });

  it('starts one instance per processor at a time, or two, and skips aborted waiters', async () => {
    const abort = new AbortController();
    const most = Math.max(2, availableParallelism());
    const stuck = Array.from({ length: most }, () => start('never-ready', abort.signal));
    const directories = async () =>
      (await fakes.leftovers()).filter((name) => !name.startsWith('pid')).length;
    await expectEventually(directories).toBe(most);
    const impatient = new AbortController();
    const waiting = start('serve', impatient.signal);
    impatient.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    expect(await directories()).toBe(most);
    const next = start('serve');
    abort.abort(new Error('enough'));
    const settled = await Promise.allSettled(stuck);
    expect(settled.map(({ status }) => status)).toEqual(Array(most).fill('rejected'));
    await next;
  });

  it('ends all instances as node_lost and rejects all starts when it is closed', async () => {
    const ends: InstanceEnd[] = [];
    fakes.provisioner.watch(async (end) => void ends.push(end));
    const { instanceId } = await start('serve');
    const stuck = Array.from({ length: 5 }, () => start('never-ready'));
    const settled = Promise.allSettled(stuck);
    await Promise.all([fakes.provisioner.close(), fakes.provisioner.close()]);
    for (const { status } of await settled) expect(status).toBe('rejected');
    expect(ends).toEqual([expect.objectContaining({ instanceId, reason: 'node_lost' })]);
    await expect(start('serve')).rejects.toMatchObject({ name: 'StartFailedError' });
  });

  it('makes the agents exit and clean up when its process exits', async () => {
    const alone = `${fakes.instancesDirectory}-alone`;
    const { holder, pid } = await hold(alone);
    expect(existsSync(alone)).toBe(true);
    holder.kill('SIGKILL');
    await expectEventually(async () => (await isRunning(pid)) || existsSync(alone)).toBe(false);
  });

  it('removes leftovers of an instance that was killed with its control-plane', async () => {
    const alone = `${fakes.instancesDirectory}-dead`;
    const { holder, pid } = await hold(alone);
    holder.kill('SIGSTOP');
    process.kill(pid, 'SIGKILL');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const restarted = await startFakes({}, alone);
    expect(await restarted.leftovers()).toEqual([]);
    expect(await restarted.provisioner.list()).toEqual([]);
    await restarted.provisioner.close();
    expect(existsSync(alone)).toBe(false);
  });

  async function hold(directory: string) {
    const holder = await holdInstance(directory);
    const [line] = await once(holder.stdout, 'data');
    const held: { pid: number; instanceId: InstanceId; sessionId: SessionId } = JSON.parse(
      String(line),
    );
    return { holder, ...held };
  }
});
