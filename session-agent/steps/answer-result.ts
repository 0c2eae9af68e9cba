import type { ServerResponse } from 'node:http';
import { limits } from '@steppe/contracts/limits';
import type { Step } from './step.ts';

/**
 * Answers with the step's result when it has ended. One still waiting after five seconds has its status and headers sent, and
 * then a space every five seconds: white space before JSON is JSON, and no proxy on the way gives up.
 * @throws AppError the step's refusal, while nothing was sent.
 */
export async function answerResult(step: Step, outgoing: ServerResponse): Promise<void> {
  outgoing.setHeader('Content-Type', 'application/json');
  const keepalive = setInterval(() => outgoing.write(' '), limits.keepaliveMs);
  const left = new Promise<void>((resolve) => outgoing.once('close', resolve));
  await Promise.race([step.ended.promise, left]);
  clearInterval(keepalive);
  if (step.refusal && !outgoing.headersSent) throw step.refusal;
  if (outgoing.destroyed) return;
  const body = JSON.stringify(step.result());
  if (!outgoing.headersSent) outgoing.setHeader('Content-Length', Buffer.byteLength(body));
  outgoing.end(body);
}
