import type { ServerResponse } from 'node:http';
import { AppError } from '@steppe/service-kit/app-error';
import { agentUnreachable, type Loss, lossOf, uploadMoved } from './agent-failures.ts';
import type { AnswerSink } from './forward/answer-sink.ts';
import type { ExchangeEnd } from './forward/exchange.ts';
import { waitOrLeave } from './forward/exchange-with-retries.ts';
import { createPatience } from './forward/patience.ts';
import type { RetryPolicy } from './forward/retry-policy.ts';
import type { ForwardMetrics } from './forward-metrics.ts';
import type { Route } from './known-session.ts';
import type { RouteRequest, RouteResolver } from './resolve-route.ts';
import { isStoreOutage } from './route-cache.ts';
import type { AgentAsk, Sender } from './send-to-agent.ts';

/** What one call of a client asks of the agent of its session, wherever that is. */
export interface AgentDialogue {
  /**
   * Asks until `answer` has what the agent says. Where the answer broke off, asks once more, as `askAgain` says.
   * @throws AppError where the agent cannot be reached, or a strongly consistent read says why.
   */
  ask(ask: AgentAsk, answer: AnswerSink, askAgain: AskAgain): Promise<ExchangeEnd>;
}

/** What to ask for after an answer broke off; undefined where it must be left at that. */
export type AskAgain = (end: BrokenOff) => AgentAsk | undefined;
export type BrokenOff = Extract<ExchangeEnd, { kind: 'broken' | 'truncated' }>;

interface DialogueOptions {
  sender: Sender;
  routes: RouteResolver;
  route: Route;
  request: RouteRequest;
  outgoing: ServerResponse;
  retries: RetryPolicy;
  metrics: ForwardMetrics;
}

export function createAgentDialogue(options: DialogueOptions): AgentDialogue {
  const { sender, routes, request, outgoing, retries, metrics } = options;
  let { route } = options;
  let hasMoved = false;

  const moveOn = async (loss: Loss, { body }: AgentAsk): Promise<void> => {
    const next = await lookAgain(routes, request, loss);
    // To go on elsewhere is safe while nothing was done, and is tried once.
    if (!next || loss === 'broken' || hasMoved || isSame(next, route)) throw agentUnreachable(loss, sender.attempts());
    if (isSpent(body)) throw uploadMoved();
    hasMoved = true;
    route = next;
  };
  return {
    async ask(first, answer, askAgain) {
      const patience = createPatience(retries);
      let ask = first;
      for (;;) {
        const end = await sender.send(route, ask, answer);
        const next = end.kind === 'broken' || end.kind === 'truncated' ? askAgain(end) : undefined;
        const delayMs = next && patience.delayAfter(end);
        if (next && delayMs !== undefined) {
          await waitOrLeave(delayMs, outgoing);
          if (outgoing.destroyed) return { kind: 'client_left' };
          metrics.countResumption(end.kind === 'broken' ? 'unanswered' : 'midway');
          ask = next;
          continue;
        }
        const loss = lossOf(end);
        if (!loss) {
          await refuseEndedIfSilent(routes, request, end);
          return end;
        }
        await moveOn(loss, ask);
      }
    },
  };
}

/**
 * Where the session is by a strongly consistent read; undefined where the store is out as well and the loss says enough.
 * @throws AppError as `RouteResolver.resolve`: most of all `session_ended`.
 */
async function lookAgain(routes: RouteResolver, request: RouteRequest, loss: Loss): Promise<Route | undefined> {
  try {
    return (await routes.resolveAgain(request)).route;
  } catch (error) {
    if (loss !== 'misdirected' && isStoreOutage((error as Error).cause)) return undefined;
    throw error;
  }
}

/**
 * An unresponsive agent may be one whose session has ended: its route is forgotten, and where the client has no response yet,
 * a strongly consistent read tells an ended session from a slow one.
 * @throws AppError `session_ended`
 */
async function refuseEndedIfSilent(routes: RouteResolver, request: RouteRequest, end: ExchangeEnd): Promise<void> {
  if (end.kind === 'truncated' && end.reason === 'silent') return routes.evict(request.sessionId);
  if (end.kind !== 'silent') return;
  try {
    // What has expired may still run the step that the client waits for.
    await routes.resolveAgain({ ...request, begins: false });
  } catch (error) {
    if (error instanceof AppError && error.code === 'session_ended') throw error;
    // A read that fails does not make the agent's timeout another error.
  }
}

const isSame = (one: Route, other: Route): boolean => one.origin === other.origin && one.instanceId === other.instanceId;

/** Of an upload that was begun a part is gone. */
const isSpent = (body: AgentAsk['body']): boolean => body !== null && !Buffer.isBuffer(body) && body.readableDidRead;
