import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { fileListQuerySchema } from '@steppe/contracts/file';
import { AppError } from '@steppe/service-kit/http/app-error';
import { parseInput, readQuery, refuseQuery } from '@steppe/service-kit/http/parse-input';
import { segmentsOf } from '../../workspace/file-path.ts';
import type { ReadableFile } from '../../workspace/workspace.ts';
import { outgoingOf } from '../responses/json-response.ts';
import { sessionRoute } from '../route.ts';
import { fileOf, isKnown, isStillSame, readConditions } from './file-request.ts';

/** Reads a file or a part of it, streamed; HEAD returns only the headers. */
export const getFile = sessionRoute(async (c, _session, { lifetime, workspace }) => {
  refuseQuery(c.req.url);
  const conditions = readConditions(c);
  const segments = fileOf(c);
  lifetime.touch();
  const { file, version } = await workspace.openFile(segments);
  try {
    const { etag, modifiedAt, sizeBytes } = version;
    const about = {
      ETag: etag,
      'Last-Modified': modifiedAt.toUTCString(),
      'Cache-Control': 'private, no-cache',
    };
    if (isKnown(conditions, version)) return c.body(null, 304, about);

    const wantsPart = c.req.method === 'GET' && isStillSame(c.req.header('if-range'), version);
    const range = wantsPart ? readRange(c.req.header('range'), sizeBytes) : undefined;
    if (range === 'unsatisfiable') throw notInFile(sizeBytes);
    const part = range ?? { start: 0, end: sizeBytes - 1 };
    // Loaded with the first file, because not every session reads files and an agent must start
    // fast.
    const { contentTypeOf } = await import('./content-type.ts');
    const outgoing = outgoingOf(c);
    outgoing.writeHead(range ? 206 : 200, {
      ...about,
      'Accept-Ranges': 'bytes',
      'Content-Type': contentTypeOf(segments.at(-1) ?? ''),
      'Content-Length': part.end - part.start + 1,
      ...(range && { 'Content-Range': `bytes ${part.start}-${part.end}/${sizeBytes}` }),
    });
    if (c.req.method === 'HEAD' || sizeBytes === 0) outgoing.end();
    else await sendPart(file, part, outgoing, () => lifetime.touch());
    return RESPONSE_ALREADY_SENT;
  } finally {
    await file.close();
  }
});

/** Lists a directory of the workspace; a cursor is the path of the last entry of a page. */
export const listFiles = sessionRoute(async (c, _session, { lifetime, workspace }) => {
  lifetime.touch();
  const query = parseInput(fileListQuerySchema, readQuery(c.req.url), 'query');
  const { path, recursive, limit, cursor } = query;
  const after = cursor === undefined ? undefined : segmentsOf(cursor);
  const options = { recursive, limit, after };
  const { entries, more } = await workspace.list(segmentsOf(path), options);
  return c.json({ entries, next_cursor: more ? (entries.at(-1)?.path ?? null) : null });
});

const notInFile = (sizeBytes: number): AppError =>
  new AppError('range_not_satisfiable', errorMessages.range_not_satisfiable(sizeBytes), {
    details: { size_bytes: sizeBytes },
    headers: { 'Content-Range': `bytes */${sizeBytes}` },
  });

/**
 * Sends exactly as many bytes as the header announced, even if the file grows. If the file shrinks,
 * the response is aborted. Never rejects.
 */
async function sendPart(
  file: ReadableFile,
  { start, end }: ByteRange,
  outgoing: ServerResponse,
  onProgress: () => void,
): Promise<void> {
  const content = file.createReadStream({
    start,
    end,
    highWaterMark: 256 * 1024,
    autoClose: false,
  });
  outgoing.on('drain', onProgress);
  try {
    await pipeline(content, outgoing, { end: false });
    if (content.bytesRead === end - start + 1) outgoing.end();
    else outgoing.destroy();
  } catch {
    // A client that disconnects early ends only this response.
    outgoing.destroy();
  }
}

/** Both ends are inclusive. */
interface ByteRange {
  start: number;
  end: number;
}

const firstAndLast = /^bytes=[ \t]*(\d+)-(\d*)[ \t]*$/i;
const lastOnes = /^bytes=[ \t]*-(\d+)[ \t]*$/i;

/**
 * The part of a file that a `Range` header requests. Undefined if the response is the whole file:
 * without the header and, as RFC 9110 (section 14.2) allows, for several ranges, other units and
 * invalid ranges.
 */
export function readRange(
  header: string | undefined,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  if (header === undefined) return undefined;
  const [, suffix] = lastOnes.exec(header) ?? [];
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const [, first, last] = firstAndLast.exec(header) ?? [];
  if (first === undefined) return undefined;
  const start = Number(first);
  const end = last ? Number(last) : Number.POSITIVE_INFINITY;
  if (end < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end: Math.min(end, size - 1) };
}
