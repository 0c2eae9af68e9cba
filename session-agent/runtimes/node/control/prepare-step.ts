import type { PreparedStep, RunCommand } from '../messages.ts';
import { createKnownNames } from '../rewrite/known-names.ts';
import { rewriteStep } from '../rewrite/rewrite-step.ts';
import { StepSyntaxError } from '../rewrite/syntax-error.ts';

/**
 * Reads and rewrites the steps of one interpreter's life, in their order. A step that cannot be
 * read is prepared to fail.
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
      // A parser has no other errors than a stack that is too deep for the code.
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
