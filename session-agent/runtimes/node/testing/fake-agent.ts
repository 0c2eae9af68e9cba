import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { decodeMessage } from '../../../protocol/decode-message.ts';
import { encodeFrame, FrameDecoder } from '../../../protocol/frame-codec.ts';
import type { WorkerFrame } from '../../../protocol/frames.ts';
import { supervisorFrameSchema, workerFrameSchema } from '../../../protocol/frames.ts';
import { type CapturedStream, captureStream } from './capture-stream.ts';
import { testedNode } from './config.ts';
import { createFrameLog, type Frame, type FrameLog } from './frame-log.ts';

type Display = Extract<WorkerFrame, { type: 'display' }>;
type Shown = Omit<Display, 'bundle'> & { bundle: Record<string, unknown> };
export type StepResponse = {
  stdout: string;
  stderr: string;
  shown: Shown[];
  done: Extract<WorkerFrame, { type: 'done' }>;
};
export type StepOptions = { env?: Record<string, string>; cwd?: string; stepId?: string };

/** The agent's side of the protocol, with a real supervisor as its child. */
export async function startFakeAgent(
  runtimeDir: string,
  options: { lifeline?: boolean; cgroupDir?: string } = {},
) {
  const root = mkdtempSync('/tmp/steppe-');
  const runDir = join(root, 'run');
  const workspace = join(root, 'workspace');
  for (const directory of [runDir, workspace]) mkdirSync(directory);
  const instanceId = `ins_${randomUUID()}`;
  const log = createFrameLog();
  const links = { supervisor: null as Socket | null, worker: null as Socket | null };
  let stdout: CapturedStream | null = null;
  let stderr: CapturedStream | null = null;
  let count = 0;

  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const decoder = new FrameDecoder(decodeMessage);
    const take = (frame: ReturnType<typeof asFrame>) => {
      if (frame.type === 'supervisor') links.supervisor = socket;
      if (frame.type === 'ready') links.worker = socket;
      log.add(frame);
    };
    socket.on('data', (chunk: Buffer) => {
      for (const message of decoder.push(chunk)) take(asFrame(message));
    });
  }).listen(join(runDir, 'agent.sock'));
  const supervisor = startSupervisor({
    runtimeDir,
    runDir,
    workspace,
    instanceId,
    lifeline: options.lifeline ?? true,
    cgroupDir: options.cgroupDir ?? '/sys/fs/cgroup',
  });
  await log.next('supervisor');

  async function start(
    epoch: number,
    { memoryBytes = null as number | null, env = {} } = {},
  ): Promise<Frame<'ready'>> {
    count = 0;
    for (const suffix of ['out', 'err'])
      execFileSync('mkfifo', [join(runDir, `${epoch}.${suffix}`)]);
    stdout = captureStream(join(runDir, `${epoch}.out`));
    stderr = captureStream(join(runDir, `${epoch}.err`));
    links.supervisor?.write(encodeFrame({ type: 'spawn', epoch, env, memory_bytes: memoryBytes }));
    await log.next('spawned');
    for (const stream of [stdout, stderr]) stream.releaseWriter();
    return log.next('ready');
  }

  /** Sends the step; `ended` waits for `done` and both markers. */
  function submit(code: string, { env = {}, cwd, stepId }: StepOptions = {}) {
    count += 1;
    const id = stepId ?? `stp_${count}_${randomBytes(4).toString('hex')}`;
    const nonce = randomBytes(16).toString('hex');
    tellWorker({
      type: 'run',
      step_id: id,
      code,
      execution_count: count,
      env,
      cwd: cwd ?? null,
      nonce,
    });
    const ended = async (): Promise<StepResponse> => {
      const done = await log.next('done', (frame) => frame.step_id === id);
      const [out, err] = await Promise.all([stdout?.step(nonce), stderr?.step(nonce)]);
      return {
        stdout: out ?? '',
        stderr: err ?? '',
        shown: log.take('display', (frame) => frame.step_id === id).map(asShown),
        done,
      };
    };
    return { id, nonce, ended };
  }

  const tellWorker = (command: object): void => {
    links.worker?.write(encodeFrame(command));
  };

  async function close(): Promise<void> {
    const ended =
      supervisor.exitCode !== null || new Promise((resolve) => supervisor.once('exit', resolve));
    if (options.lifeline === false) supervisor.kill('SIGTERM');
    else supervisor.stdin?.end();
    await ended;
    for (const stream of [stdout, stderr]) stream?.destroy();
    server.close();
    rmSync(root, { recursive: true, force: true });
  }

  return {
    log,
    runDir,
    workspace,
    instanceId,
    supervisor,
    start,
    submit,
    run: (code: string, stepOptions?: StepOptions) => submit(code, stepOptions).ended(),
    tellWorker,
    tellSupervisor: (command: object) => links.supervisor?.write(encodeFrame(command)),
    dropSupervisor: () => links.supervisor?.destroy(),
    streams: () => ({ stdout, stderr }),
    close,
  };
}

export type FakeAgent = Awaited<ReturnType<typeof startFakeAgent>>;

type Started = {
  runtimeDir: string;
  runDir: string;
  workspace: string;
  instanceId: string;
  lifeline: boolean;
  cgroupDir: string;
};

function startSupervisor({
  runtimeDir,
  runDir,
  workspace,
  instanceId,
  lifeline,
  cgroupDir,
}: Started): ChildProcess {
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    SECRET: 'never passed on',
    STEPPE_RUN_DIR: runDir,
    STEPPE_WORKSPACE: workspace,
    STEPPE_INSTANCE_ID: instanceId,
    STEPPE_CGROUP_DIR: cgroupDir,
    STEPPE_SUPERVISOR_START: 'first',
    ...(lifeline && { STEPPE_LIFELINE: 'stdin' }),
  };
  return spawn(testedNode, [join(runtimeDir, 'supervisor.cjs')], {
    env,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
}

const asShown = (frame: Display): Shown => ({ ...frame, bundle: JSON.parse(frame.bundle) });

function asFrame(message: unknown): Parameters<FrameLog['add']>[0] {
  const fromWorker = workerFrameSchema.safeParse(message);
  return fromWorker.success ? fromWorker.data : supervisorFrameSchema.parse(message);
}
