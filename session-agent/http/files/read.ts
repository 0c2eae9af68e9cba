import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { deepestListing, fileListQuerySchema } from '@steppe/contracts/file';
import { respond, respondJson, streamedResponse } from '@steppe/service-kit/http/call';
import { parseInput, readQuery, refuseQuery } from '@steppe/service-kit/http/parse-input';
import { segmentsOf } from '../../workspace/file-path.ts';
import type { ReadableFile } from '../../workspace/workspace.ts';
import { type ByteRange, rangeNotSatisfiable, readRange } from '../byte-range.ts';
import { sessionRoute } from '../route.ts';
import { fileOf, isKnown, isStillSame, readConditions } from './file-request.ts';

/** Reads a file or a part of it, streamed; HEAD returns only the headers. */
export const getFile = sessionRoute(async (call, _session, { lifetime, workspace }) => {
  refuseQuery(call.search);
  const conditions = readConditions(call);
  const segments = fileOf(call);
  lifetime.touch();
  const { file, version } = await workspace.openFile(segments);
  try {
    const { etag, modifiedAt, sizeBytes } = version;
    const about = {
      ETag: etag,
      'Last-Modified': modifiedAt.toUTCString(),
      'Cache-Control': 'private, no-cache',
    };
    if (isKnown(conditions, version)) return respond(call, 304, about);

    const wantsPart =
      call.method === 'GET' && isStillSame(call.incoming.headers['if-range'], version);
    const range = wantsPart ? readRange(call.incoming.headers.range, sizeBytes) : undefined;
    if (range === 'unsatisfiable') throw rangeNotSatisfiable(sizeBytes);
    const part = range ?? { start: 0, end: sizeBytes - 1 };
    // Loaded with the first file, because not every session reads files and an agent must start
    // fast.
    const { contentTypeOf } = await import('./content-type.ts');
    const outgoing = streamedResponse(call);
    outgoing.writeHead(range ? 206 : 200, {
      ...about,
      'Accept-Ranges': 'bytes',
      'Content-Type': contentTypeOf(segments.at(-1) ?? ''),
      'Content-Length': part.end - part.start + 1,
      ...(range && { 'Content-Range': `bytes ${part.start}-${part.end}/${sizeBytes}` }),
    });
    if (call.method === 'HEAD' || sizeBytes === 0) outgoing.end();
    else await sendPart(file, part, outgoing, () => lifetime.touch());
  } finally {
    await file.close();
  }
});

/** Lists a directory of the workspace; a cursor is the path of the last entry of a page. */
export const listFiles = sessionRoute(async (call, _session, { lifetime, workspace }) => {
  lifetime.touch();
  const query = parseInput(fileListQuerySchema, readQuery(call.search), 'query');
  const { path, recursive, limit, cursor, depth = recursive ? deepestListing : 1 } = query;
  const after = cursor === undefined ? undefined : segmentsOf(cursor);
  const options = { depth, limit, after };
  const { entries, more } = await workspace.list(segmentsOf(path), options);
  return respondJson(call, { entries, next_cursor: more ? (entries.at(-1)?.path ?? null) : null });
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
