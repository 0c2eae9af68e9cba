import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { limits } from '@steppe/contracts/limits';
import type { ForwardedStep } from '@steppe/contracts/step-request';
import { AppError } from '@steppe/service-kit/http/app-error';

/** Limits of a step and its output; an operator may set less than the contract allows. */
export interface StepLimits {
  timeoutMs: number;
  codeBytes: number;
  outputBytesPerStream: number;
  resultBytes: number;
  /** Total of all remembered steps. */
  journalBytes: number;
}

export const contractLimits: StepLimits = {
  timeoutMs: limits.maxTimeoutMs,
  codeBytes: limits.codeBytes,
  outputBytesPerStream: limits.outputBytesPerStream,
  resultBytes: limits.resultBytesPerStep,
  journalBytes: limits.journalBytes,
};

/** @throws AppError `payload_too_large` or `invalid_request` beyond the operator's limits */
export function requireWithinLimits(
  { code, timeout_ms }: ForwardedStep,
  { codeBytes, timeoutMs }: StepLimits,
): void {
  if (Buffer.byteLength(code) > codeBytes) {
    throw new AppError('payload_too_large', errorMessages.payload_too_large('code', codeBytes), {
      details: { limit: 'code', max_bytes: codeBytes },
    });
  }
  if (timeout_ms > timeoutMs) {
    const message = `timeout_ms is above this server's maximum of ${timeoutMs}`;
    throw new AppError('invalid_request', message, {
      details: { issues: [{ path: 'timeout_ms', message }] },
    });
  }
}
