import { writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import type { WorkerFrame } from '../../protocol/frames.ts';
import { createLoad } from './load.ts';
import type { ControlData, StepError, ToControl, ToMain } from './messages.ts';
import { watchAwaits } from './run/await-watch.ts';
import { createStepCaller, declareNames } from './run/call-step.ts';
import { reportFatalErrors } from './run/fatal-report.ts';
import { defineLastValues } from './run/last-values.ts';
import { createWorkspaceModules } from './run/modules/workspace-modules.ts';
import { createStepOutput } from './run/output/step-output.ts';
import { defineGlobals } from './run/realm/globals.ts';
import { pinned } from './run/realm/own-functions.ts';
import {
  guardClearImmediate,
  reportBackgroundErrors,
  tellOfAwaitedChildren,
  yieldToSignalListeners,
} from './run/realm/process-hooks.ts';
import { createStepContext, createStepScope } from './run/realm/step-scope.ts';
import {
  addLastingVariables,
  enterStepEnvironment,
  takeWorkerSettings,
} from './run/realm/user-environment.ts';
import { userRealm } from './run/realm/user-realm.ts';
import { createStepRunner } from './run/run-steps.ts';
import { describeError } from './run/show/describe-error.ts';
import { createDisplay } from './run/show/display.ts';
import { bundleText, type Shown, showValue } from './run/show/shown-value.ts';
import { createStackFrames } from './run/show/stack-frames.ts';
import { createStepGate } from './step-gate.ts';
import { contextFramesFlag } from './supervise/worker-settings.ts';

/**
 * The main thread of a worker: user code runs here, in the real global scope. The control thread
 * communicates with the agent.
 */
const ownFile = process.argv[1] ?? '';
const { runDir, epoch, workspace } = takeWorkerSettings();
const gate = createStepGate();
const load = createLoad();
const workerData: ControlData = {
  socketPath: join(runDir, 'agent.sock'),
  epoch,
  gate: gate.memory,
  load: load.memory,
};
const control = new Worker(join(dirname(ownFile), `control-thread${extname(ownFile)}`), {
  workerData,
  // Twice what the bounded parser of steps needs. Pages of the stack take memory only after they
  // are used.
  resourceLimits: { stackSizeMb: 16 },
});

pinned(control, 'emit', 'postMessage', 'ref', 'unref');
const hasContextFrames =
  Number.parseInt(process.versions.node, 10) >= 24 || process.execArgv.includes(contextFramesFlag);
prepareProcess();
const scope = createStepScope(createStepContext(userRealm.global, hasContextFrames));
const frames = createStackFrames(dirname(ownFile));
frames.install();
const describe = (thrown: unknown) => describeError(thrown, frames.clean);
const output = createStepOutput({ runDir, epoch, scope, onBackground: sendBackground });
defineGlobals(
  userRealm.global,
  createWorkspaceModules(workspace),
  createDisplay((shown) => sendDisplay(shown, false)),
  workspace,
);
const last = defineLastValues(userRealm.global);
const reportBackground = (error: StepError): void => {
  const stepId = scope.running();
  if (stepId !== null) output.shows();
  const place = stepId === null ? {} : { step_id: stepId };
  send({ type: 'bgerror', ...error, ...place }, 1024 + error.message.length);
};
const keepReporting = reportBackgroundErrors(describe, reportBackground);

const awaits = watchAwaits({
  control,
  gate,
  later: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  onDeadEnd: (stepId) => runner.failUnsettled(stepId),
});

const runner = createStepRunner({
  awaits,
  scope,
  output,
  gate,
  frames,
  send: (frame) => send(frame, 1024),
  declare: declareNames,
  call: createStepCaller(userRealm.global, gate),
  enterEnvironment: (env, cwd) => enterStepEnvironment(env, cwd, workspace),
  showMainResult: (value) => {
    last.keepValue(value);
    sendDisplay(showValue(value), true);
  },
  keepError: last.keepError,
  describe,
  now: () => performance.now(),
  afterTicks: (callback) => void setImmediate(callback),
  reportBackground,
  onEnd: keepReporting,
});

guardClearImmediate(userRealm.global);
tellOfAwaitedChildren(gate);
yieldToSignalListeners(gate);
gate.open();
control.on('message', (text: string) => {
  const message: ToMain = JSON.parse(text);
  if (message.type === 'run') runner.run(message.step);
  else if (message.type === 'abandon') runner.abandon(message.step);
  else addLastingVariables(message.env);
});
// Without its control thread the agent could not reach this process any more.
control.on('exit', () => process.exit(70));
process.on('exit', () => load.waitUntilEmpty(500));
send({ type: 'ready', epoch, pid: process.pid, interrupt: 'frame' }, 64);

function prepareProcess(): void {
  process.argv.length = 1;
  // Children that user code forks must not inherit the driver's own flags.
  process.execArgv.length = 0;
  reportFatalErrors(runDir, epoch);
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // There is no such file outside Linux.
  }
}

/** @param weight about the message's size in bytes. Blocks while the agent is far behind. */
function send(frame: WorkerFrame, weight: number): void {
  const message: ToControl = { frame, weight };
  load.add(weight);
  control.postMessage(message);
  load.waitForRoom();
}

function sendBackground(stream: 'stdout' | 'stderr', text: string): void {
  const piece = 256 * 1024;
  for (let rest = text; rest !== ''; ) {
    // Never half of a surrogate pair.
    const end = /[\ud800-\udbff]/.test(rest.charAt(piece - 1)) ? piece - 1 : piece;
    const part = rest.slice(0, end);
    rest = rest.slice(end);
    send({ type: 'background', stream, text: part }, part.length);
  }
}

function sendDisplay(shown: Shown, isMainResult: boolean): void {
  const stepId = scope.isBackground() ? null : scope.running();
  const text = shown.bundle['text/plain'];
  // A value that code of an earlier step shows belongs to no step: its text is background output.
  if (stepId === null) sendBackground('stdout', text === undefined ? '' : `${JSON.parse(text)}\n`);
  else {
    const { bundle, truncated } = bundleText(shown);
    output.shows();
    send(
      { type: 'display', step_id: stepId, bundle, is_main_result: isMainResult, truncated },
      64 + bundle.length,
    );
  }
}
