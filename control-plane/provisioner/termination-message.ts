import { type EndedReason, endedReasonSchema } from '@steppe/contracts/end-reason';
import * as z from 'zod';

/** Why an instance ended. */
export interface ExitCause {
  reason: EndedReason;
  detail?: string;
}

const longestDetail = 4_096;

const terminationSchema = z.object({
  end_reason: endedReasonSchema,
  end_detail: z.string().optional(),
});

/** What an agent left as its termination message; undefined if the text is none. */
export function parseTerminationMessage(text: string): ExitCause | undefined {
  try {
    const { end_reason: reason, end_detail: detail } = terminationSchema.parse(JSON.parse(text));
    return { reason, ...(detail && { detail: detail.slice(0, longestDetail) }) };
  } catch {
    return undefined;
  }
}
