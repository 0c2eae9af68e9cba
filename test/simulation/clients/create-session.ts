import { type Session, sessionSchema } from '@steppe/contracts/session';
import { isPassing, type Reply, wordsOf } from '../../chaos/drive/api-caller.ts';
import { readResponse } from '../../chaos/drive/read-response.ts';
import { sessionVariable } from '../models/runtime/step-program.ts';
import type { Client } from './open-client.ts';

interface Create {
  label: string;
  key: string | undefined;
  isAsync: boolean;
  idleTimeoutSeconds: number;
  /** How often the same failed session was reported. */
  failures: Map<string, number>;
}

/** A key is used until something is known; without one each attempt is another session. */
const attemptsWithKey = 30;
const attemptsWithoutKey = 8;
/** So often a key may be found to stand for the same failed session. */
const reportsOfFailure = 5;
const quotaSettlesMs = 120_000;

/** @returns undefined if no attempt led to a session that this client knows of. */
export async function createSession(client: Client, label: string): Promise<Session | undefined> {
  const { random, clock, mayBeLive, history } = client;
  const key = random.chance(0.6) ? `key-${label}` : undefined;
  const idleTimeoutSeconds = random.pick([60, 300]);
  const isAsync = random.chance(0.2);
  const create: Create = { label, key, isAsync, idleTimeoutSeconds, failures: new Map() };
  const attempts = key ? attemptsWithKey : attemptsWithoutKey;
  client.creating += 1;
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const session = await attemptCreate(client, create);
      if (session) mayBeLive.add(session.session_id);
      if (session || history.unwanted.has(label)) return session;
      await clock.sleep(random.between(100, 4_000));
    }
    abandon(client, label);
    return undefined;
  } finally {
    client.creating -= 1;
  }
}

async function attemptCreate(client: Client, create: Create): Promise<Session | undefined> {
  const { random, clock } = client;
  const { label, key, isAsync } = create;
  const mostBefore = client.mayBeLive.size + client.creating;
  const sentMs = clock.now();
  const isImpatient = !key && random.chance(0.05);
  const send = () =>
    client.call({
      method: 'POST',
      path: '/v1/sessions',
      body: {
        env: { [sessionVariable]: label },
        idle_timeout_seconds: create.idleTimeoutSeconds,
        metadata: { label },
      },
      headers: {
        ...(key && { 'idempotency-key': key }),
        ...(isAsync && { prefer: 'respond-async' }),
      },
      ...(isImpatient && { limitMs: 40 }),
    });
  const twin = key && random.chance(0.2) ? send() : undefined;
  const replies = [await send(), ...(twin ? [await twin] : [])];
  const sessions = await Promise.all(replies.map((reply) => learn(client, create, reply)));
  const most = Math.max(mostBefore, client.mayBeLive.size + client.creating);
  const isFull = most > client.sessionQuota;
  const isRefused = replies.some((each) => codeOf(each) === 'quota_exceeded');
  if (isRefused && !isFull) reportRefusal(client, label, sentMs);
  return sessions.find((session) => session !== undefined);
}

async function learn(client: Client, create: Create, reply: Reply): Promise<Session | undefined> {
  const { history, name } = client;
  const { label, key, failures } = create;
  if (reply.kind === 'response') {
    const session = await readResponse(reply.response, sessionSchema);
    if (session) {
      noteCreated(client, create, session);
      return session;
    }
  }
  if (reply.kind !== 'refusal') {
    // Without a key nobody knows whether it lives.
    if (!key) abandon(client, label);
    return undefined;
  }
  const { code, details } = reply.error;
  if (code === 'session_ended') {
    if (!history.unwanted.has(label) && details.end_reason === 'deleted')
      history.violate('end-reason-true', `${label} of ${name} was deleted, and not by its client`);
  } else if (!isPassing(reply.error) && code !== 'quota_exceeded')
    history.violate('response-explained', `the create of ${label}: ${wordsOf(reply)}`);
  if (code === 'runtime_unreachable' && !key) abandon(client, label);
  const { session_id: failed } = details;
  if (key && typeof failed === 'string' && details.end_reason) {
    failures.set(failed, (failures.get(failed) ?? 0) + 1);
    if (failures.get(failed) === reportsOfFailure)
      history.violate('late-key-release', `${key} still stands for ${failed}, which failed`);
  }
  return undefined;
}

function noteCreated({ history, name }: Client, { key }: Create, session: Session): void {
  const { session_id: id, state } = session;
  history.tell(name, `has ${id}, which is ${state}`);
  history.count('session');
  if (key) history.keyUses.push({ tenant: name, key, sessionId: id });
}

/** Whatever was created may live until its idle timeout, and holds a place in the quota. */
function abandon({ history, mayBeLive }: Client, label: string): void {
  history.unwanted.add(label);
  mayBeLive.add(label);
}

const codeOf = (reply: Reply): string | undefined =>
  reply.kind === 'refusal' ? reply.error.code : undefined;

function reportRefusal({ history, clock, mayBeLive, name }: Client, label: string, sentMs: number) {
  const hindrances = ['table', 'process', 'network', 'cluster'] as const;
  if (history.wasCalm(sentMs - quotaSettlesMs, clock.now(), hindrances))
    history.violate(
      'quota-exact',
      `${name} is refused ${label} with ${mayBeLive.size} sessions that may be live`,
    );
}
