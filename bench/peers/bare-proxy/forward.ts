import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';

/** Sends the request on and streams its response, no faster than the client reads. */
export function forward(
  dispatcher: Dispatcher,
  origin: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const { method = 'GET', url = '/', headers } = incoming;
  const { connection: _, host: __, ...forwarded } = headers;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  let paused: Dispatcher.DispatchController | undefined;
  outgoing.on('drain', () => paused?.resume());
  dispatcher.dispatch(
    { origin, method, path: url, headers: forwarded, body: hasBody ? incoming : null },
    {
      onRequestStart() {},
      onResponseStart(_controller, status, responseHeaders) {
        outgoing.writeHead(status, responseHeaders);
      },
      onResponseData(controller, chunk) {
        if (outgoing.write(chunk)) return;
        paused = controller;
        controller.pause();
      },
      onResponseEnd: () => void outgoing.end(),
      onResponseError: () => void outgoing.destroy(),
    },
  );
}
