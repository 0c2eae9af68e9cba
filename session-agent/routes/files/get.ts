import { pipeline } from 'node:stream/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { refuseQuery } from '@steppe/service-kit/read-query';
import { requireSession } from '../../authenticate.ts';
import { type Operation, outgoingOf } from '../routes.ts';
import { fileOf } from './file-path.ts';

/** Reads a file, streamed; HEAD says how large it is. */
export const getFile: Operation =
  ({ verifier, binding, clock, workspace }) =>
  async (c) => {
    await requireSession(c, verifier, binding);
    refuseQuery(c.req.url);
    clock.touch();
    const { file, stats } = await workspace.openFile(fileOf(c));
    const outgoing = outgoingOf(c);
    outgoing.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': stats.size,
      'Last-Modified': stats.mtime.toUTCString(),
    });
    if (c.req.method === 'HEAD' || stats.size === 0) {
      await file.close();
      outgoing.end();
      return RESPONSE_ALREADY_SENT;
    }
    // The file may grow while it is read: what was announced is what is sent.
    const content = file.createReadStream({ start: 0, end: stats.size - 1, highWaterMark: 256 * 1024 });
    // A client that leaves in the middle ends this answer and nothing else.
    await pipeline(content, outgoing).catch(() => outgoing.destroy());
    return RESPONSE_ALREADY_SENT;
  };
