import type { StepError } from '@steppe/contracts/step-output';
import type { ExitFrame } from './worker.ts';

/** The breach of a worker that closed its connection, which every worker does that ends. */
export const connectionClosed = 'the control connection was closed';

/** The error of a step whose worker died under it. */
export function explainLoss(exit: ExitFrame, breach: string | undefined): StepError {
  if (exit.reason === 'memory') {
    return error('OutOfMemory', `the interpreter ran out of memory and was ended; its memory is lost. ${exit.detail}`.trim());
  }
  if (breach !== undefined && breach !== connectionClosed) {
    return error('ProtocolError', `the interpreter broke the protocol and was killed: ${breach}`.slice(0, 1024));
  }
  const how = exit.signal ? ` by ${exit.signal}` : exit.code !== null ? ` with exit code ${exit.code}` : because(exit.detail);
  return error('WorkerCrashed', `the interpreter ended${how}; its memory is lost`);
}

const because = (detail: string): string => (detail ? `: ${detail}` : ' without a word');

const error = (name: string, message: string): StepError => ({ name, message, traceback: [`${name}: ${message}`] });
