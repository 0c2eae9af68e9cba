import { Socket } from 'node:net';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { decodeTrusted, encodeWorkerFrame, FrameDecoder } from '../../protocol/frame-codec.ts';
import type { WorkerCommand, WorkerFrame } from '../../protocol/frames.ts';
import { createInterruptLadder } from './control/interrupt-ladder.ts';
import type { StepPreparer } from './control/prepare-step.ts';
import { createStepChildren } from './control/step-children.ts';
import { terminateMainThread } from './control/stop-main-thread.ts';
import { createLoad } from './load.ts';
import type { ControlData, ToControl, ToMain } from './messages.ts';
import { createStepGate } from './step-gate.ts';

/**
 * Communicates with the agent, even while user code keeps the main thread busy, and parses the code
 * of steps.
 */
const data: ControlData = workerData;
const load = createLoad(data.load);
const socket = new Socket();
let preparer: Promise<StepPreparer> | undefined;

const children = createStepChildren();
const ladder = createInterruptLadder({
  gate: createStepGate(data.gate),
  abandon: (step) => tellMain({ type: 'abandon', step }),
  signal: () => process.kill(process.pid, 'SIGINT'),
  terminate: terminateMainThread,
  children,
  acknowledge: (stepId) => send({ type: 'interrupted', step_id: stepId }),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
});

const decoder = new FrameDecoder((body) => asCommand(decodeTrusted(body)));
socket.on('data', (chunk) => {
  for (const command of decoder.push(chunk)) obey(command);
});
// Without the agent the worker is useless, and the main thread may be too busy to exit by itself.
socket.on('error', endProcess);
socket.on('close', endProcess);

parentPort?.on('message', ({ frame, weight }: ToControl) => {
  // Connects only now, because the agent closes a connection without a first frame after one
  // second.
  if (frame.type === 'ready') socket.connect(data.socketPath);
  send(frame, () => load.remove(weight));
  if (frame.type === 'done') ladder.ended(frame.step_id, frame.status === 'interrupted');
  if (frame.type === 'ready') void loadPreparer();
});

function obey(command: WorkerCommand): void {
  if (command.type === 'configure') {
    tellMain(command);
  } else if (command.type === 'run') {
    ladder.began({ step_id: command.step_id, nonce: command.nonce });
    void loadPreparer()
      .then((prepare) => prepare(command))
      .then((step) => tellMain({ type: 'run', step }));
  } else {
    ladder.interrupt(command.step_id);
  }
}

/** The parsers take a while to load, and the worker is ready before that. */
function loadPreparer(): Promise<StepPreparer> {
  preparer ??= import('./control/prepare-step.ts').then(({ createStepPreparer }) =>
    createStepPreparer(),
  );
  return preparer;
}

function tellMain(message: ToMain): void {
  // As text: its values become objects of the driver's realm.
  parentPort?.postMessage(JSON.stringify(message));
}

function send(frame: WorkerFrame, onSent?: () => void): void {
  socket.write(encodeWorkerFrame(frame), onSent);
}

function endProcess(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** The agent is trusted: it sends only commands of this type. */
function asCommand(message: unknown): WorkerCommand {
  return message as WorkerCommand;
}
