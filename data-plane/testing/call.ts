import { once } from 'node:events';
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface Call {
  method?: string;
  /** Sent as it is: nothing resolves `..`. */
  path: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export const open = (port: number, { method = 'GET', path, headers = {} }: Call): ClientRequest =>
  request({ host: '127.0.0.1', port, method, path, headers: { connection: 'keep-alive', ...headers }, agent: false });

export async function answerOf(client: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(client, 'response')) as [IncomingMessage];
  // Once there is an answer, what goes wrong is told by it.
  client.on('error', () => {});
  return answer;
}

export async function readAll(answer: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() };
}

export async function call(port: number, given: Call): Promise<Answer> {
  const client = open(port, given);
  client.end(given.body);
  return readAll(await answerOf(client));
}
