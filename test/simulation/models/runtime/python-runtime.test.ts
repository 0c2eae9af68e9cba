import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createIds } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createRuntimeTransport } from '../../../../session-agent/protocol/runtime-transport.ts';
import { hostVariables } from '../../../conformance/harness/config.ts';
import { supervisorCommands } from '../../../conformance/harness/languages.ts';
import { describeRuntime } from './runtime-conformance.ts';
import { type StepAction, sessionVariable } from './step-program.ts';

// The suite that keeps the model honest, against the runtime that it is a model of.
describeRuntime(async () => {
  const directory = mkdtempSync('/tmp/steppe-runtime-');
  const [runDirectory, workspace] = [join(directory, 'run'), join(directory, 'workspace')];
  for (const path of [runDirectory, workspace]) mkdirSync(path);
  const supervisors: ChildProcess[] = [];
  let isStopped = false;
  const start = () => {
    const [file = '', ...args] = supervisorCommands.python;
    const env = {
      ...hostVariables,
      STEPPE_RUN_DIR: runDirectory,
      STEPPE_WORKSPACE: workspace,
      STEPPE_INSTANCE_ID: runDirectory,
      STEPPE_SUPERVISOR_START: supervisors.length === 0 ? 'first' : 'again',
    };
    const supervisor = spawn(file, args, { env, cwd: workspace, stdio: 'ignore' });
    supervisor.once('exit', () => {
      if (!isStopped) start();
    });
    supervisors.push(supervisor);
  };
  return {
    transport: createRuntimeTransport(runDirectory),
    clock: systemClock,
    ids: createIds(systemClock),
    codeOf: (stepId, actions) =>
      actions.reduce((code, action) => code + toPython(action), prelude(stepId)),
    start,
    killSupervisor: () => void supervisors.at(-1)?.kill('SIGKILL'),
    drive: (work) => work,
    stop: async () => {
      isStopped = true;
      const last = supervisors.at(-1);
      // It ends its workers first.
      last?.kill('SIGTERM');
      if (last?.exitCode === null) await new Promise((resolve) => last.once('exit', resolve));
      rmSync(directory, { recursive: true });
    },
  };
});

const prelude = (stepId: string): string => `
import os, sys, threading, time
session = os.environ[${JSON.stringify(sessionVariable)}]
step_id, lines = ${JSON.stringify(stepId)}, 0
def line(stream=sys.stdout):
    global lines
    print(session, step_id, lines, file=stream)
    lines += 1
def later(step_id, left, seconds):
    while left > 0:
        time.sleep(seconds)
        print(session, step_id, 'later', left)
        left -= 1
def flood(size):
    global lines
    while size > 0:
        text = f"{session} {step_id} {lines}\\n"
        lines += 1
        piece = min(size, ${16 * 1024})
        sys.stdout.write((text * (piece // len(text) + 1))[:piece])
        size -= piece
def stay_busy(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            time.sleep(1)
        except KeyboardInterrupt:
            pass
`;

/** @throws Error for an action that the suite does not use. */
function toPython(action: StepAction): string {
  if (action.do === 'print')
    return `for _ in range(${action.lines}): line(sys.${action.stream ?? 'stdout'})\n\n`;
  if (action.do === 'flood') return `flood(${action.bytes})\n`;
  if (action.do === 'sleep') return `time.sleep(${action.ms / 1000})\n`;
  if (action.do === 'set') return `${action.name} = ${JSON.stringify(action.value)}\n`;
  if (action.do === 'get') {
    const { name } = action;
    return `print("${name}=" + ${name} if "${name}" in globals() else "${name} is not defined")\n`;
  }
  if (action.do === 'display')
    return `display({'text/plain': ${JSON.stringify(action.text)}}, raw=True)\n`;
  if (action.do === 'raise') return 'raise ValueError()\n';
  if (action.do === 'exit') return `sys.stdout.flush(); os._exit(${action.code})\n`;
  if (action.do === 'hang') return 'sys.stdout.flush(); time.sleep(600)\n';
  if (action.do === 'ignore_interrupts')
    return `sys.stdout.flush(); stay_busy(${action.ms / 1000})\n`;
  if (action.do === 'background') {
    const seconds = action.everyMs / 1000;
    return `threading.Thread(target=later, args=(step_id, ${action.lines}, ${seconds})).start()\n`;
  }
  if (action.do === 'orphan')
    return `import subprocess; subprocess.Popen(['sleep', '${action.ms / 1000}'], start_new_session=True)\n`;
  throw new Error(`${action.do} has no Python code`);
}
