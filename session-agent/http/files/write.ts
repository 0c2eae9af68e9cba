import { type FileEntry, fileDeleteQuerySchema } from '@steppe/contracts/file';
import { AppError } from '@steppe/service-kit/http/app-error';
import { type Call, respond, respondJson } from '@steppe/service-kit/http/call';
import { parseInput, readQuery, refuseQuery } from '@steppe/service-kit/http/parse-input';
import { uploadedBytes } from '../../workspace/file-system/uploaded-bytes.ts';
import { fileTooLarge } from '../../workspace/workspace.ts';
import { sessionRoute } from '../route.ts';
import { checkOf, entryOf, fileOf, isOnlyNew, readConditions } from './file-request.ts';

/**
 * Writes a file, streamed: 201 for a new one, 200 for one that it replaces. A path that ends in a
 * slash makes a directory.
 */
export const putFile = sessionRoute(
  async (call, _session, { lifetime, workspace, maxFileBytes }) => {
    refuseQuery(call.search);
    const conditions = readConditions(call);
    const { segments, isDirectory } = entryOf(call);
    refuseOtherThanWhole(call);
    lifetime.refuseExpired();
    lifetime.touch();
    if (isDirectory) {
      await refuseBody(call);
      const { created, entry } = await workspace.makeDirectory(segments, checkOf(conditions));
      return respondJson(call, entry satisfies FileEntry, created ? 201 : 200);
    }
    const { incoming } = call;
    const announcedBytes = Number(incoming.headers['content-length'] ?? 0);
    if (announcedBytes > maxFileBytes) throw fileTooLarge(maxFileBytes);
    const { created, entry, version } = await workspace.writeFile(segments, incoming, {
      maxBytes: maxFileBytes,
      announcedBytes,
      onProgress: () => lifetime.touch(),
      check: checkOf(conditions),
      onlyNew: isOnlyNew(conditions),
    });
    return respondJson(call, entry satisfies FileEntry, created ? 201 : 200, {
      ETag: version.etag,
    });
  },
);

/** A client that sends bytes means a file, and must not believe that they were stored. */
async function refuseBody(call: Call): Promise<void> {
  const bytes = uploadedBytes(call.incoming, { maxBytes: Number.POSITIVE_INFINITY });
  const isEmpty =
    Number(call.incoming.headers['content-length'] ?? 0) === 0 && (await bytes.next()).done;
  if (isEmpty) return;
  throw new AppError(
    'invalid_request',
    'a path that ends in / is a directory; send it without a body, or a file without the slash',
  );
}

/**
 * Without this check a part would replace the whole file, or compressed bytes would be stored as
 * they are (RFC 9110, sections 14.5 and 8.4).
 */
function refuseOtherThanWhole(call: Call): void {
  if (call.incoming.headers['content-range'] !== undefined) {
    throw new AppError(
      'invalid_request',
      'only whole files can be written; send it without Content-Range',
    );
  }
  const encoding = call.incoming.headers['content-encoding'];
  if (encoding === undefined || encoding.trim().toLowerCase() === 'identity') return;
  throw new AppError(
    'unsupported_media_type',
    `Content-Encoding ${encoding} is not supported for files; send the file without it`,
  );
}

export const deleteFile = sessionRoute(async (call, _session, { lifetime, workspace }) => {
  const { recursive } = parseInput(fileDeleteQuerySchema, readQuery(call.search), 'query');
  const conditions = readConditions(call);
  const segments = fileOf(call);
  lifetime.refuseExpired();
  lifetime.touch();
  await workspace.remove(segments, { check: checkOf(conditions), recursive });
  return respond(call, 204);
});
