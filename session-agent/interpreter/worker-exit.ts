import type { Usage } from '@steppe/contracts/step';
import type { StepError } from '@steppe/contracts/step-output';
import type { SupervisorFrame, WorkerFrame } from '../protocol/frames.ts';
import type { MemoryReading } from './current-supervisor.ts';

export type ExitFrame = Extract<SupervisorFrame, { type: 'exit' }>;
export type DoneFrame = Extract<WorkerFrame, { type: 'done' }>;

/** How a step ended: the worker reported its end, or exited first. */
export type WorkerRunEnd =
  | { kind: 'done'; status: DoneFrame['status']; error: StepError | null; usage: Usage }
  | { kind: 'lost'; exit: ExitFrame };

/** The exit of a worker whose supervisor disconnected: it dies with its supervisor. */
export const exitWithSupervisor = (epoch: number): ExitFrame => ({
  type: 'exit',
  epoch,
  code: null,
  signal: null,
  reason: null,
  detail: 'the supervisor disconnected',
});

/** The protocol error of a worker that closed its connection, as each one does when it exits. */
export const connectionClosed = 'the control connection was closed';

/** The error of a step whose worker exited while it ran. */
export function describeWorkerExit(exit: ExitFrame, protocolError: string | undefined): StepError {
  if (exit.reason === 'memory') {
    return error(
      'OutOfMemory',
      `the interpreter ran out of memory and was killed; its memory is lost. ${exit.detail}`.trim(),
    );
  }
  if (protocolError !== undefined && protocolError !== connectionClosed) {
    return error(
      'ProtocolError',
      `the interpreter violated the protocol and was killed: ${protocolError}`.slice(0, 1024),
    );
  }
  const how = exit.signal
    ? ` by ${exit.signal}`
    : exit.code !== null
      ? ` with exit code ${exit.code}`
      : describeDetail(exit.detail);
  return error('WorkerCrashed', `the interpreter ended${how}; its memory is lost`);
}

const describeDetail = (detail: string): string => (detail ? `: ${detail}` : ' without output');

const error = (name: string, message: string): StepError => ({
  name,
  message,
  traceback: [`${name}: ${message}`],
});

/** A container that used this share of its memory and was killed whole ran out of it. */
const nearlyFullShare = 0.9;

export const isNearlyFull = (memory: MemoryReading | undefined): memory is MemoryReading =>
  memory !== undefined && memory.used_bytes >= memory.limit_bytes * nearlyFullShare;

export const describeMemory = ({ used_bytes, limit_bytes }: MemoryReading): string =>
  `${toMiB(used_bytes)} of the ${toMiB(limit_bytes)} MiB of its container were in use when the ` +
  'whole container was killed.';

const toMiB = (bytes: number): number => Math.round(bytes / 1024 ** 2);

/** Why a worker died before it was ready, with the last output of its start. */
export function describeFailedStart({ code, signal, detail }: ExitFrame, output: string): string {
  const how = detail || `the interpreter did not start (code ${code}, signal ${signal})`;
  return `${how}\n${output}`.trimEnd();
}
