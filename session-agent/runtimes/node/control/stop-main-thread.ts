import { Session } from 'node:inspector';

/** Unwinds the JavaScript that the main thread runs, through a separate inspector session. */
export function terminateMainThread(onUnwound: () => void): void {
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution', () => {
    session.disconnect();
    onUnwound();
  });
}
