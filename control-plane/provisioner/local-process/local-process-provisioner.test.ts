import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { EndedReason } from '@steppe/contracts/end-reason';
import { type InstanceId, newSessionId, type SessionId } from '@steppe/contracts/ids';
import type { InternalTokenSigner } from '@steppe/service-kit/internal-token/signer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAgentClient } from '../../sessions/agent-client.ts';
import { bindStatus } from '../../testing/bind-status.ts';
import { eventually } from '../../testing/eventually.ts';
import { holdInstance } from '../../testing/run-holder.ts';
import { type Behaviour, behaving, isRunning, type StandIns, startStandIns } from '../../testing/stand-in-provisioner.ts';
import { describeSessionProvisioner } from '../conformance/session-provisioner-conformance.ts';
import type { Instance, InstanceEnd } from '../session-provisioner.ts';

/** The agent itself says why it ends, in its termination file. */
async function leaveLastWords(signer: InternalTokenSigner, instance: Instance, reason: EndedReason): Promise<void> {
  const agents = createAgentClient(signer);
  await agents.end(instance, reason, AbortSignal.timeout(10_000));
  await agents.close();
}

describeSessionProvisioner('local-process provisioner with a stand-in for the agent', {
  // What kills an agent from outside leaves no word of why; nothing is evicted from a machine.
  reasons: ['idle', 'expired', 'oom_killed', 'node_lost'],
  open: async () => {
    const standIns = await startStandIns();
    const other = standIns.openAnother();
    return {
      provisioner: standIns.provisioner,
      other,
      openAnother: standIns.openAnother,
      runtime: behaving('serve'),
      crashing: behaving('crash-before-ready'),
      stuck: behaving('never-ready'),
      bind: (instanceId, address, sessionId) => bindStatus(standIns.signer, instanceId, address, sessionId),
      kill: async (instanceId) => void process.kill(await standIns.pidOf(instanceId), 'SIGKILL'),
      endAs: (reason, instance) => (reason === 'node_lost' ? other.close() : leaveLastWords(standIns.signer, instance, reason)),
      leftovers: standIns.leftovers,
    };
  },
});

describe('local-process provisioner', () => {
  let standIns: StandIns;
  beforeEach(async () => {
    standIns = await startStandIns();
  });
  afterEach(async () => {
    await standIns.provisioner.close();
    expect(await standIns.leftovers()).toEqual([]);
    expect(existsSync(standIns.instancesDirectory)).toBe(false);
  });

  const patient = new AbortController().signal;
  const start = (behaviour: Behaviour, signal = patient) => {
    const runtime = behaving(behaviour);
    const request = { sessionId: newSessionId(), runtime, resources: runtime.default_resources, version: 'v1', signal };
    return standIns.provisioner.start(request);
  };
  const nextEnd = () => new Promise<InstanceEnd>((resolve) => standIns.provisioner.watch(resolve));

  it('gives an agent its contract and nothing else of our environment', async () => {
    const { instanceId } = await start('serve');
    const environ = await standIns.environmentOf(instanceId);
    expect(environ).toEqual({
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'info',
      STEPPE_INSTANCE_ID: instanceId,
      STEPPE_INSTANCE_DIR: `${standIns.instancesDirectory}/${instanceId}`,
      STEPPE_INSTANCES_DIR: standIns.instancesDirectory,
      STEPPE_RUN_DIR: expect.stringMatching(/^\/tmp\/steppe-.*\/run$/),
      STEPPE_WORKSPACE: expect.stringMatching(/\/workspace$/),
      STEPPE_KEYS_DIR: expect.stringMatching(/\/keys$/),
      STEPPE_TERMINATION_FILE: expect.stringMatching(/\/termination$/),
      STEPPE_LIFELINE: 'stdin',
      STEPPE_READY_FD: '3',
      STEPPE_MEMORY_BYTES: String(512 * 1024 * 1024),
      STEPPE_SUPERVISOR_COMMAND: '["stand-in","serve"]',
    });
    expect(JSON.parse(await standIns.readIn(instanceId, 'keys/data-plane.json'))).toEqual(standIns.publicKeys['data-plane']);
  });

  it('tells the last words of an agent that ends before it is ready', async () => {
    await expect(start('crash-before-ready')).rejects.toThrow('exit code 3: there is no interpreter');
  });

  it('refuses an agent that says anything but its port', async () => {
    await expect(start('say-nonsense')).rejects.toMatchObject({ name: 'StartFailed' });
  });

  it('kills an agent that does not end when asked', async () => {
    const { instanceId } = await start('ignore-term');
    await standIns.provisioner.end(instanceId);
  });

  it('removes the directory of a killed agent whose supervisor still writes there', async () => {
    const { instanceId } = await start('lose-child');
    const told = nextEnd();
    process.kill(await standIns.pidOf(instanceId), 'SIGKILL');
    expect(await told).toMatchObject({ instanceId, reason: 'crashed', detail: 'signal SIGKILL' });
    expect(await standIns.leftovers()).toEqual([]);
  });

  it('starts no more at a time than there are processors, or two, and lets one go that is aborted while it waits', async () => {
    const abort = new AbortController();
    const most = Math.max(2, availableParallelism());
    const stuck = Array.from({ length: most }, () => start('never-ready', abort.signal));
    const directories = async () => (await standIns.leftovers()).filter((name) => !name.startsWith('pid')).length;
    await eventually(directories).toBe(most);
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

  it('ends all that runs, waits or starts when it is closed, as lost with its node', async () => {
    const ends: InstanceEnd[] = [];
    standIns.provisioner.watch((end) => ends.push(end));
    const { instanceId } = await start('serve');
    const stuck = Array.from({ length: 5 }, () => start('never-ready'));
    const settled = Promise.allSettled(stuck);
    await Promise.all([standIns.provisioner.close(), standIns.provisioner.close()]);
    for (const { status } of await settled) expect(status).toBe('rejected');
    expect(ends).toEqual([expect.objectContaining({ instanceId, reason: 'node_lost' })]);
    await expect(start('serve')).rejects.toMatchObject({ name: 'StartFailed' });
  });

  it('holds the agents by a lifeline: they end, and clear up, when this process does', async () => {
    const alone = `${standIns.instancesDirectory}-alone`;
    const { holder, pid } = await hold(alone);
    expect(existsSync(alone)).toBe(true);
    holder.kill('SIGKILL');
    await eventually(async () => (await isRunning(pid)) || existsSync(alone)).toBe(false);
  });

  it('tells of the end of an instance whose control-plane died, and leaves nothing of it', async () => {
    const ends: InstanceEnd[] = [];
    standIns.provisioner.watch((end) => ends.push(end));
    await start('serve');
    const { holder, instanceId, sessionId } = await hold(standIns.instancesDirectory);
    await eventually(() => standIns.provisioner.list()).toHaveLength(2);
    await eventually(() => standIns.provisioner.list()).toContainEqual(expect.objectContaining({ instanceId, sessionId }));
    holder.kill('SIGKILL');
    await eventually(() => ends).toEqual([expect.objectContaining({ instanceId, sessionId, reason: 'node_lost' })]);
    expect(existsSync(`${standIns.instancesDirectory}/${instanceId}`)).toBe(false);
  });

  it('buries an instance that was killed together with its control-plane, with its last words', async () => {
    const { holder, pid, instanceId, sessionId } = await hold(standIns.instancesDirectory);
    writeFileSync(`${standIns.instancesDirectory}/${instanceId}/termination`, '{"end_reason":"idle","end_detail":"too long"}');
    holder.kill('SIGSTOP');
    process.kill(pid, 'SIGKILL');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const ends: InstanceEnd[] = [];
    standIns.provisioner.watch((end) => ends.push(end));
    await eventually(() => standIns.provisioner.list()).toEqual([]);
    const end = { instanceId, sessionId, reason: 'idle', detail: 'too long' };
    await eventually(() => ends).toEqual([end]);
    expect(await standIns.leftovers()).toEqual([]);
    expect(await standIns.provisioner.endOf(instanceId)).toEqual(end);
  });

  async function hold(directory: string) {
    const holder = await holdInstance(directory);
    const [line] = await once(holder.stdout, 'data');
    const told: { pid: number; instanceId: InstanceId; sessionId: SessionId } = JSON.parse(String(line));
    return { holder, ...told };
  }
});
