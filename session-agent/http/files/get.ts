import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { AppError } from '@steppe/service-kit/http/app-error';
import { refuseQuery } from '@steppe/service-kit/http/read-query';
import type { ReadableFile } from '../../workspace/workspace.ts';
import { outgoingOf } from '../responses/outgoing.ts';
import { sessionRoute } from '../route.ts';
import { type ByteRange, readRange } from './byte-range.ts';
import { fileOf } from './file-path.ts';
import { isKnown, isStillSame, readConditions } from './preconditions.ts';

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

const notInFile = (sizeBytes: number): AppError =>
  new AppError(
    'range_not_satisfiable',
    `the file has ${sizeBytes} bytes, and none of them is in the range`,
    {
      details: { size_bytes: sizeBytes },
      headers: { 'Content-Range': `bytes */${sizeBytes}` },
    },
  );

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
