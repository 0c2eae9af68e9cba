import { type FileEntry, fileEntrySchema, fileListSchema } from '@steppe/contracts/file';
import type { Client } from './client.ts';

/** @param path in the form that the URL contains */
export const fileUrl = (sessionId: string, path: string): string =>
  `/v1/sessions/${sessionId}/files/${path}`;

/** Encodes each segment as a client must. */
export const encodePath = (path: string): string =>
  path.split('/').map(encodeURIComponent).join('/');

/** One page of a listing. */
export async function listFiles(client: Client, sessionId: string, query = '') {
  const response = await client.call('GET', `/v1/sessions/${sessionId}/files${query}`);
  if (response.status !== 200) throw new Error(`list: ${response.status} ${await response.text()}`);
  return fileListSchema.parse(await response.json());
}

export async function readText(client: Client, sessionId: string, path: string): Promise<string> {
  const response = await client.call('GET', fileUrl(sessionId, path));
  if (response.status !== 200) throw new Error(`read: ${response.status} ${await response.text()}`);
  return response.text();
}

export async function putFile(
  client: Client,
  sessionId: string,
  path: string,
  content: string | Uint8Array,
): Promise<FileEntry> {
  const response = await client.call('PUT', fileUrl(sessionId, path), content);
  if (!response.ok) throw new Error(`write: ${response.status} ${await response.text()}`);
  return fileEntrySchema.parse(await response.json());
}
