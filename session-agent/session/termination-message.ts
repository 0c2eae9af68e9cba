import { writeFileSync } from 'node:fs';
import type { EndedReason } from '@steppe/contracts/end-reason';
import type { Logger } from '@steppe/service-kit/process/logger';

export interface TerminationMessage {
  end_reason: EndedReason;
  end_detail: string;
}

/** Kubernetes truncates longer termination messages. */
const longestMessageBytes = 4096;

/** Writes why the process ends to the file that the control-plane reads; cuts a long detail. */
export function writeTerminationMessage(
  file: string,
  message: TerminationMessage,
  logger: Logger,
): void {
  try {
    writeFileSync(file, fitTerminationMessage(message));
  } catch (err) {
    logger.warn({ err, end_reason: message.end_reason }, 'could not write the termination message');
  }
}

export function fitTerminationMessage({ end_reason, end_detail }: TerminationMessage): string {
  for (let kept = end_detail.length; ; kept = Math.floor(kept * 0.9)) {
    const half = Math.floor(kept / 2);
    const detail =
      kept === end_detail.length
        ? end_detail
        : `${end_detail.slice(0, half)}\n…\n${end_detail.slice(-half)}`;
    const text = JSON.stringify({ end_reason, end_detail: detail });
    if (Buffer.byteLength(text) <= longestMessageBytes) return text;
  }
}
