import { once } from 'node:events';
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from 'node:http';

export interface Call {
  method?: string;
  /** Sent unchanged: nothing resolves `..`. */
  path: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

export interface Response {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export const open = (port: number, { method = 'GET', path, headers = {} }: Call): ClientRequest =>
  request({
    host: '127.0.0.1',
    port,
    method,
    path,
    headers: { connection: 'keep-alive', ...headers },
    agent: false,
  });

export async function responseOf(client: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  // Once there is a response, it reports any error.
  client.on('error', () => {});
  return response;
}

export async function readAll(response: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString(),
  };
}

export async function call(port: number, given: Call): Promise<Response> {
  const client = open(port, given);
  client.end(given.body);
  return readAll(await responseOf(client));
}
