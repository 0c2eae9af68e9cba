import { connect, type Socket } from 'node:net';
import { decodeTrusted, encodeFrame, FrameDecoder } from '../../../protocol/frame-codec.ts';

const firstPauseMs = 50;
/** A session's first step waits for this connection, and a try costs next to nothing. */
const longestPauseMs = 100;

/**
 * The supervisor's connection to the agent. When it is lost, it is opened again, with backoff. Each
 * connection begins with `greeting`; messages that are sent without a connection wait for the next
 * one.
 */
export function createAgentLink({ socketPath, greeting, onMessage, onLost }: Parts): AgentLink {
  let socket: Socket | null = null;
  let waiting: object[] = [];
  let pauseMs = firstPauseMs;
  let isClosed = false;
  let retry: NodeJS.Timeout | undefined;

  function open(): void {
    const next = connect(socketPath);
    next.on('connect', () => {
      socket = next;
      pauseMs = firstPauseMs;
      for (const message of [greeting, ...waiting.splice(0)]) next.write(encodeFrame(message));
    });
    const decoder = new FrameDecoder(decodeTrusted);
    next.on('data', (chunk) => {
      try {
        for (const message of decoder.push(chunk)) onMessage(message);
      } catch {
        next.destroy();
      }
    });
    // `close` follows.
    next.on('error', () => undefined);
    next.on('close', () => {
      const wasConnected = socket === next;
      socket = null;
      if (isClosed) return;
      if (wasConnected) onLost();
      retry = setTimeout(open, pauseMs);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    });
  }

  open();
  return {
    send(message) {
      if (socket) socket.write(encodeFrame(message));
      else waiting.push(message);
    },
    close() {
      isClosed = true;
      waiting = [];
      clearTimeout(retry);
      socket?.destroy();
    },
  };
}

type Parts = {
  socketPath: string;
  greeting: object;
  onMessage: (message: unknown) => void;
  onLost: () => void;
};

export type AgentLink = { send(message: object): void; close(): void };
