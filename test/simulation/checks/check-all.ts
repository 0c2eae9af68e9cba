import type { History } from '../history/history.ts';
import type { Violation } from '../history/rules.ts';
import type { WorldView } from '../history/world-view.ts';
import { checkFiles } from './check-files.ts';
import { checkRest } from './check-rest.ts';
import { checkSessions } from './check-sessions.ts';
import { checkSteps } from './check-steps.ts';

/** What was found while the simulation ran, and what its whole history violates. */
export const checkAll = (history: History, view: WorldView): Violation[] => [
  ...history.violations,
  ...checkSteps(history),
  ...checkFiles(history),
  ...checkSessions(history),
  ...checkRest(view),
];
