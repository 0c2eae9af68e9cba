import { sessionListSchema, sessionSchema } from '@steppe/contracts/session';
import { isPassing, wordsOf } from '../../chaos/drive/api-caller.ts';
import { readResponse } from '../../chaos/drive/read-response.ts';
import type { RandomStream } from '../kernel/random-stream.ts';
import { callFile, listFiles, rewriteFile } from './call-files.ts';
import type { ClientSession } from './client-session.ts';
import { endSession } from './end-session.ts';
import { restart, runStep } from './run-step.ts';

type Act = (session: ClientSession) => Promise<void>;

/** What a client does with its session, and how often. */
const acts: readonly (readonly [number, Act])[] = [
  [0.07, restart],
  [0.17, callFile],
  [0.05, rewriteFile],
  [0.03, listFiles],
  [0.05, getSession],
  [0.03, patchSession],
  [0.03, listSessions],
  [0.03, callForeign],
  [0.1, runThreeSteps],
];

const impatience = 0.08;

/** A few calls, or one step to its end. */
export async function useSession(session: ClientSession): Promise<void> {
  const { random } = session.client;
  const act = chooseAct(random);
  return random.chance(impatience) ? actOrGiveUp(session, act) : act(session);
}

function chooseAct(random: RandomStream): Act {
  let dice = random.next();
  for (const [share, act] of acts) {
    if (dice < share) return act;
    dice -= share;
  }
  return (session) => runStep(session, true);
}

/** After them their client knows no more which epoch it relies on. */
async function runThreeSteps(session: ClientSession): Promise<void> {
  await Promise.all([1, 2, 3].map(() => runStep(session, false)));
}

/** Whoever waits too long ends the session meanwhile. */
async function actOrGiveUp(session: ClientSession, act: Act): Promise<void> {
  const { clock, random } = session.client;
  const settled = new AbortController();
  const givenUp = clock.sleep(random.between(2_000, 12_000), settled.signal).then(
    () => endSession(session),
    () => undefined,
  );
  await act(session);
  settled.abort();
  await givenUp;
}

async function getSession(session: ClientSession): Promise<void> {
  const { client, id } = session;
  const reply = await client.call({ method: 'GET', path: `/v1/sessions/${id}` });
  if (reply.kind === 'refusal' && !isPassing(reply.error))
    client.history.violate('response-explained', `GET ${id}: ${wordsOf(reply)}`);
  if (reply.kind !== 'response') return;
  const found = await readResponse(reply.response, sessionSchema);
  if (found?.epoch !== undefined && found.epoch < session.epoch)
    client.history.violate('epoch-kept', `${id} was at ${session.epoch}, and is at ${found.epoch}`);
}

async function patchSession(session: ClientSession): Promise<void> {
  const { client, id } = session;
  const n = String(client.random.int(1_000));
  const body = { metadata: { n }, ttl_seconds: 3_600 };
  const reply = await client.call({ method: 'PATCH', path: `/v1/sessions/${id}`, body });
  if (reply.kind === 'refusal' && reply.error.code === 'session_ended') session.end();
  if (reply.kind !== 'response') return;
  const patched = await readResponse(reply.response, sessionSchema);
  if (patched && patched.metadata.n !== n)
    client.history.violate('response-explained', `a patch of ${id} has no effect`);
}

async function listSessions({ client }: ClientSession): Promise<void> {
  const reply = await client.call({ method: 'GET', path: '/v1/sessions?limit=5' });
  if (reply.kind !== 'response') return;
  const list = await readResponse(reply.response, sessionListSchema);
  for (const { tenant_id, session_id } of list?.sessions ?? [])
    if (tenant_id !== client.name)
      client.history.violate('tenant-isolated', `${client.name} lists ${session_id}`);
}

/** For its caller a session of another tenant does not exist. */
async function callForeign({ client }: ClientSession): Promise<void> {
  const { random, neighbours, name, history } = client;
  const foreign = [...neighbours].filter(([, tenant]) => tenant !== name).map(([id]) => id);
  if (foreign.length === 0) return;
  const path = `/v1/sessions/${random.pick(foreign)}${random.pick(['', '/steps', '/files'])}`;
  const reply = await client.call({ method: 'GET', path });
  if (reply.kind === 'response') await reply.response.text().catch(() => '');
  const isHidden =
    reply.kind === 'broken' ||
    (reply.kind === 'refusal' &&
      (reply.error.code === 'session_not_found' || isPassing(reply.error)));
  if (!isHidden) history.violate('tenant-isolated', `${name} can see ${path}`);
}
