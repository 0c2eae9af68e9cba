import { type FileEntry, fileEntrySchema, fileListSchema } from '@steppe/contracts/file';
import type { Client } from './client.ts';

/** @param path as it stands in the URL */
export const fileUrl = (sessionId: string, path: string): string => `/v1/sessions/${sessionId}/files/${path}`;

/** Each segment encoded as a client has to. */
export const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** One page of a listing. */
export async function listFiles(client: Client, sessionId: string, query = '') {
  const answer = await client.call('GET', `/v1/sessions/${sessionId}/files${query}`);
  if (answer.status !== 200) throw new Error(`list: ${answer.status} ${await answer.text()}`);
  return fileListSchema.parse(await answer.json());
}

export async function readText(client: Client, sessionId: string, path: string): Promise<string> {
  const answer = await client.call('GET', fileUrl(sessionId, path));
  if (answer.status !== 200) throw new Error(`read: ${answer.status} ${await answer.text()}`);
  return answer.text();
}

export async function putFile(client: Client, sessionId: string, path: string, content: string | Uint8Array): Promise<FileEntry> {
  const answer = await client.call('PUT', fileUrl(sessionId, path), content);
  if (!answer.ok) throw new Error(`write: ${answer.status} ${await answer.text()}`);
  return fileEntrySchema.parse(await answer.json());
}
