import { fileListSchema } from '@steppe/contracts/file';
import { isPassing, type Reply, wordsOf } from '../../chaos/drive/api-caller.ts';
import { readResponse } from '../../chaos/drive/read-response.ts';
import type { FileCall } from '../history/file-call.ts';
import type { ClientSession } from './client-session.ts';

const paths = ['f', 'd/g'];

/** One call for a file. */
export async function callFile(session: ClientSession): Promise<void> {
  const { random } = session.client;
  const act = random.pick([read, read, write, write, replace, remove, remove]);
  await record(session, random.pick(paths), act);
}

/** Writes a file, replaces it as it was before it was last written, and removes it. */
export async function rewriteFile(session: ClientSession): Promise<void> {
  const path = session.client.random.pick(paths);
  for (const act of [write, write, replaceOutdated, remove]) await record(session, path, act);
}

/** Records a call with what it read or wrote. */
async function record(session: ClientSession, path: string, act: Act): Promise<void> {
  const { client, id } = session;
  const { clock } = client;
  const call: FileCall = {
    ...{ sessionId: id, path, kind: 'read', content: null, outcome: 'unknown' },
    ...{ beganAtMs: clock.monotonicMs(), endedAtMs: Number.POSITIVE_INFINITY },
  };
  const known = await act(session, call);
  call.endedAtMs = known ? clock.monotonicMs() : Number.POSITIVE_INFINITY;
  // A read without a result says nothing.
  if (known || call.kind !== 'read') client.history.files.push(call);
}

type Act = (session: ClientSession, call: FileCall) => Promise<boolean>;

const read: Act = async (session, call) => {
  const reply = await session.client.call({ method: 'GET', path: pathOf(session, call) });
  if (isMissing(reply)) return settle(call, 'done');
  if (reply.kind !== 'response') return refuse(session, reply);
  const content = await reply.response.text().catch(() => undefined);
  if (content === undefined) return false;
  call.content = content;
  noteVersion(session, call, reply);
  return settle(call, 'done');
};

const write: Act = async (session, call) => {
  call.kind = 'write';
  return put(session, call, {});
};

/** Writes only if the file is still as it was last seen. */
const replace: Act = (session, call) => replaceVersion(session, call, session.versions);

const replaceOutdated: Act = (session, call) => replaceVersion(session, call, session.outdated);

async function replaceVersion(
  session: ClientSession,
  call: FileCall,
  versions: ClientSession['versions'],
): Promise<boolean> {
  const version = versions.get(call.path);
  if (!version) return write(session, call);
  call.kind = 'compare';
  call.expected = version.content;
  return put(session, call, { 'if-match': version.etag });
}

async function put(
  session: ClientSession,
  call: FileCall,
  headers: Record<string, string>,
): Promise<boolean> {
  const { client, label } = session;
  const content = `${label} ${client.history.files.length} ${'x'.repeat(client.random.int(200))}`;
  call.content = content;
  const reply = await client.call({
    method: 'PUT',
    path: pathOf(session, call),
    body: content,
    headers: { 'content-type': 'text/plain', ...headers },
  });
  if (reply.kind === 'refusal' && reply.error.code === 'precondition_failed') {
    session.versions.delete(call.path);
    return settle(call, 'refused');
  }
  if (reply.kind !== 'response') return refuse(session, reply);
  await reply.response.text().catch(() => '');
  noteVersion(session, call, reply);
  return settle(call, 'done');
}

const remove: Act = async (session, call) => {
  session.versions.delete(call.path);
  const reply = await session.client.call({ method: 'DELETE', path: pathOf(session, call) });
  // There was nothing to remove.
  if (isMissing(reply)) return settle(call, 'done');
  call.kind = 'write';
  if (reply.kind !== 'response') return refuse(session, reply);
  await reply.response.text().catch(() => '');
  return settle(call, 'done');
};

/** Lists what is there; no name is one that nobody wrote. */
export async function listFiles(session: ClientSession): Promise<void> {
  const { client, id } = session;
  const path = `/v1/sessions/${id}/files?recursive=true`;
  const reply = await client.call({ method: 'GET', path });
  if (reply.kind !== 'response') return void refuse(session, reply);
  const list = await readResponse(reply.response, fileListSchema);
  for (const entry of list?.entries ?? [])
    if (entry.type === 'file' && !paths.includes(entry.path))
      client.history.violate('session-isolated', `${id} has the file ${entry.path}`);
}

const pathOf = ({ id }: ClientSession, { path }: FileCall): string =>
  `/v1/sessions/${id}/files/${path}`;

const isMissing = (reply: Reply): boolean =>
  reply.kind === 'refusal' && reply.error.code === 'file_not_found';

function settle(call: FileCall, outcome: 'done' | 'refused'): true {
  call.outcome = outcome;
  return true;
}

/** Its outcome stays unknown. */
function refuse(session: ClientSession, reply: Reply): false {
  if (reply.kind !== 'refusal') return false;
  const { code } = reply.error;
  if (code === 'session_ended') session.end();
  else if (!isPassing(reply.error))
    session.client.history.violate('response-explained', `${session.id}: ${wordsOf(reply)}`);
  return false;
}

function noteVersion(session: ClientSession, { path, content }: FileCall, reply: Reply): void {
  const { versions, outdated } = session;
  const etag = reply.kind === 'response' && reply.response.headers.get('etag');
  if (!etag || content === null) return;
  const known = versions.get(path);
  if (known && known.etag !== etag) outdated.set(path, known);
  versions.set(path, { content, etag });
}
