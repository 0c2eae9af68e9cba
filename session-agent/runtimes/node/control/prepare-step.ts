import type { PreparedStep, RunCommand, StepError } from '../messages.ts';
import { createKnownNames } from '../rewrite/declared-names.ts';
import { type Compiler, CompilerNeededError } from '../rewrite/read-typescript.ts';
import { type RewrittenStep, rewriteStep } from '../rewrite/rewrite-step.ts';
import { StepSyntaxError } from '../rewrite/syntax-error.ts';

/**
 * Parses and rewrites the steps of one worker, in order. A step that cannot be parsed carries its
 * syntax error.
 */
export function createStepPreparer(): StepPreparer {
  const known = createKnownNames();
  let compile: Compiler | undefined;

  async function prepare(code: string, filename: string): Promise<RewrittenStep> {
    try {
      return rewriteStep(code, filename, known, compile);
    } catch (error) {
      if (!(error instanceof CompilerNeededError)) throw error;
      compile = (await import('../rewrite/compile-typescript.ts')).compileTypeScript;
      return rewriteStep(code, filename, known, compile);
    }
  }

  return async ({ type: _type, code, ...step }) => {
    try {
      const program = await prepare(code, `<step ${step.execution_count}>`);
      return { ...step, program, syntaxError: null };
    } catch (error) {
      return { ...step, program: null, syntaxError: asStepError(error) };
    }
  };
}

function asStepError(error: unknown): StepError {
  if (error instanceof StepSyntaxError) {
    const { name, message, traceback } = error;
    return { name, message, traceback };
  }
  // The only other error of a parser is a stack overflow.
  const message = `The step cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  return { name: 'SyntaxError', message, traceback: [`SyntaxError: ${message}`] };
}

export type StepPreparer = (command: RunCommand) => Promise<PreparedStep>;
