import { AppError } from './app-error.ts';

/** The error that both planes return for a terminal session. */
export const sessionEnded = (sessionId: string, endReason: string): AppError =>
  new AppError('session_ended', `session ${sessionId} has ended (${endReason}); create a new one`, {
    details: { end_reason: endReason },
  });
