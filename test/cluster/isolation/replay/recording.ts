import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export interface RecordedRequest {
  /** Its receiver. */
  address: string;
  /** As it was sent, in Latin-1. */
  bytes: string;
  /** `METHOD path`. */
  target: string;
  token: string;
}

const program = fileURLToPath(new URL('./record.py', import.meta.url));
const lineSchema = z.object({ address: z.string(), stream: z.string() });

/** Records all requests to a port in the cluster's network. @returns a function that ends it. */
export async function startRecording(port: number): Promise<() => Promise<RecordedRequest[]>> {
  const recorder = spawn('python3', [program, String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(recorder.stdout, 'readable');
  return async () => {
    recorder.stdin.end();
    const [, ...lines] = (await text(recorder.stdout)).trim().split('\n');
    return lines
      .map((line) => lineSchema.parse(JSON.parse(line)))
      .flatMap(({ address, stream }) => requestsIn(stream).map((one) => ({ address, ...one })));
  };
}

function requestsIn(stream: string): Omit<RecordedRequest, 'address'>[] {
  const bodyAt = stream.indexOf('\r\n\r\n') + 4;
  if (bodyAt === 3) return [];
  const head = stream.slice(0, bodyAt);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const end = bodyAt + length;
  const request = {
    bytes: stream.slice(0, end),
    target: head.split(' ', 2).join(' '),
    token: /^authorization: Bearer (\S+)/im.exec(head)?.[1] ?? '',
  };
  return [request, ...requestsIn(stream.slice(end))];
}
