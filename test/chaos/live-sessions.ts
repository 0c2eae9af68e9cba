import type { ChaosSession } from './chaos-cluster.ts';
import type { StepShape } from './drive/step-programs.ts';
import type { Outcome } from './history/history.ts';

/** A step that a fault wants a session to run. */
interface RequestedStep {
  shape: StepShape;
  /** Called with the outcome; with undefined if the session has ended first. */
  settled(outcome: Outcome | undefined): void;
}

/** The sessions that faults can target. */
export interface LiveSessions<S extends ChaosSession> {
  add(session: S): void;
  remove(session: S): void;
  all(): S[];
  /** Marks a session whose agent is about to be killed: from now on the session may end. */
  doom(session: S): void;
  isDoomed(session: S): boolean;
  /**
   * Makes the next step of the session one of that shape.
   * @returns its outcome; undefined if the session has ended first
   */
  requestStep(session: S, shape: StepShape): Promise<Outcome | undefined>;
  /** The step that the session has to run next, if there is one. */
  takeRequest(session: S): RequestedStep | undefined;
  /** Resolves as soon as this many sessions are live at the same time. */
  atLeast(count: number): Promise<void>;
}

export function createLiveSessions<S extends ChaosSession>(): LiveSessions<S> {
  const live = new Set<S>();
  const doomed = new WeakSet<S>();
  const requests = new Map<S, RequestedStep>();
  const waiting = new Set<() => void>();
  const takeRequest = (session: S) => {
    const request = requests.get(session);
    requests.delete(session);
    return request;
  };
  return {
    add(session) {
      live.add(session);
      for (const check of waiting) check();
    },
    remove(session) {
      live.delete(session);
      takeRequest(session)?.settled(undefined);
    },
    all: () => [...live],
    doom: (session) => void doomed.add(session),
    isDoomed: (session) => doomed.has(session),
    requestStep: (session, shape) =>
      new Promise((settled) => {
        takeRequest(session)?.settled(undefined);
        if (live.has(session)) requests.set(session, { shape, settled });
        else settled(undefined);
      }),
    takeRequest,
    atLeast: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (live.size < count) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}
