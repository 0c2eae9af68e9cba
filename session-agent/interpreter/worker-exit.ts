import type { StepError } from '@steppe/contracts/step-output';
import type { ExitFrame } from './worker.ts';

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
