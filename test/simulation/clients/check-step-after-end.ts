import type { ErrorCode } from '@steppe/contracts/errors';
import { isStalledBody, type Reply, wordsOf } from '../../chaos/drive/api-caller.ts';
import type { History } from '../history/history.ts';

interface AfterEnd {
  sessionId: string;
  /** When the client learnt that the session has ended. */
  endedMs: number;
  nowMs: number;
}

/** How long a response may be under way from the read of the row that it follows. */
const readMs = 3_000;

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
  // A body that the network holds back is refused before its session is looked up again.
  if (isStalledBody(reply.error) && !history.wasCalm(endedMs, nowMs, ['network'])) return;
  // The row decides, so only its reads may fail. One that returns to a paused process is too late.
  const mayFail = reply.error.code === 'route_store_unavailable';
  // A request waits for a read of the row that goes on already.
  const fromMs = mayFail ? endedMs - readMs : endedMs;
  if (history.wasCalm(fromMs, nowMs, mayFail ? ['table', 'process'] : ['table']))
    history.violate('end-known', `${id} has ended, and a step gets ${wordsOf(reply)}`);
}

/** As `readMs`, where a fault of this kind may have made either slow. */
const slowMs = { table: 10_000, process: 10_000, network: 25_000 };
const ofAgents: ReadonlySet<ErrorCode> = new Set(['step_deadline_exceeded', 'runtime_unreachable']);
const agentPath = /^\/v1\/sessions\/(\w+)\//;

/**
 * Records a violation if an agent is reported as silent although its session has ended: a data-plane
 * looks that up before it says so.
 */
export function checkRefusalAfterEnd(
  { terminalRows, wasCalm, violate }: Pick<History, 'terminalRows' | 'wasCalm' | 'violate'>,
  { path, nowMs }: { path: string; nowMs: number },
  reply: Reply,
): void {
  if (reply.kind !== 'refusal' || !ofAgents.has(reply.error.code)) return;
  const id = agentPath.exec(path)?.[1];
  const row = terminalRows.find(({ session_id }) => session_id === id);
  if (!row) return;
  const isCalm = (group: keyof typeof slowMs) => wasCalm(nowMs - slowMs[group], nowMs, [group]);
  const isLate = Date.parse(row.ended_at) < nowMs - readMs;
  if (isLate && isCalm('table') && isCalm('process') && isCalm('network'))
    violate('end-known', `${id} has ended, and ${path} gets ${wordsOf(reply)}`);
}
