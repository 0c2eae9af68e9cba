import type { PreparedStep, RunCommand } from '../messages.ts';
import { createKnownNames } from '../rewrite/declared-names.ts';
import { rewriteStep } from '../rewrite/rewrite-step.ts';
import { StepSyntaxError } from '../rewrite/syntax-error.ts';

/**
 * Parses and rewrites the steps of one worker, in order. A step that cannot be parsed carries its
 * syntax error.
 */
export function createStepPreparer(): StepPreparer {
  const known = createKnownNames();
  return ({ type: _type, code, ...step }) => {
    try {
      return {
        ...step,
        program: rewriteStep(code, `<step ${step.execution_count}>`, known),
        syntaxError: null,
      };
    } catch (error) {
      if (error instanceof StepSyntaxError) {
        const { name, message, traceback } = error;
        return { ...step, program: null, syntaxError: { name, message, traceback } };
      }
      // The only other error of a parser is a stack overflow.
      const message = `The step cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      return {
        ...step,
        program: null,
        syntaxError: { name: 'SyntaxError', message, traceback: [`SyntaxError: ${message}`] },
      };
    }
  };
}

export type StepPreparer = (command: RunCommand) => PreparedStep;
