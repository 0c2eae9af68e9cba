import { once } from 'node:events';
import { connect } from 'node:net';
import { until } from './until.ts';

/** Waits until something accepts connections at that port. */
export const untilListening = (port: number): Promise<void> =>
  until(async () => {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
    } finally {
      socket.destroy();
    }
  });
