import { Session } from 'node:inspector';

/**
 * Unwinds the JavaScript that the main thread runs. A session of its own each time, that does
 * nothing else.
 */
export function terminateMainThread(onUnwound: () => void): void {
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution', () => {
    session.disconnect();
    onUnwound();
  });
}
