import { Session } from 'node:inspector';

/** Unwinds the JavaScript that the main thread runs, by an inspector session of its own. */
export function terminateMainThread(onUnwound: () => void): void {
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution', () => {
    session.disconnect();
    onUnwound();
  });
}
