import { type Reply, wordsOf } from '../../chaos/drive/api-caller.ts';
import type { History } from '../history/history.ts';

interface AfterEnd {
  sessionId: string;
  /** When the client learnt that the session has ended. */
  endedMs: number;
  nowMs: number;
}

/** Records a violation if a step that was sent after an acknowledged end does not learn of it. */
export function checkStepAfterEnd(
  history: Pick<History, 'wasCalm' | 'violate'>,
  { sessionId: id, endedMs, nowMs }: AfterEnd,
  reply: Reply,
): void {
  if (reply.kind === 'response') {
    history.violate('end-known', `${id} runs a step after its end was acknowledged`);
    return;
  }
  if (reply.kind === 'broken' || reply.error.code === 'session_ended') return;
  // The row decides, so only its reads may fail. One that returns to a paused process is too late.
  const mayFail = reply.error.code === 'route_store_unavailable';
  if (history.wasCalm(endedMs, nowMs, mayFail ? ['table', 'process'] : ['table']))
    history.violate('end-known', `${id} has ended, and a step gets ${wordsOf(reply)}`);
}
