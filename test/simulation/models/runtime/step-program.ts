import * as z from 'zod';

const stream = z.enum(['stdout', 'stderr']);

/** What simulated user code can do. */
const actionSchema = z.discriminatedUnion('do', [
  /** Prints lines that name the session, the step and their number within the step. */
  z.object({ do: z.literal('print'), lines: z.number().int().min(1), stream: stream.optional() }),
  /** Prints this many bytes to stdout, in pieces as large as a pipe. */
  z.object({ do: z.literal('flood'), bytes: z.number().int().min(1) }),
  z.object({ do: z.literal('sleep'), ms: z.number().min(0) }),
  /** Sets a variable in the interpreter's memory. */
  z.object({ do: z.literal('set'), name: z.string(), value: z.string() }),
  /** Prints `name=value`, or `name is not defined`. */
  z.object({ do: z.literal('get'), name: z.string() }),
  /** Shows a value as `text/plain`. */
  z.object({ do: z.literal('display'), text: z.string() }),
  z.object({ do: z.literal('raise') }),
  /** Ends the interpreter, as `os._exit` does. */
  z.object({ do: z.literal('exit'), code: z.number().int().min(0).max(255) }),
  /** Waits until it is interrupted. */
  z.object({ do: z.literal('hang') }),
  /** Works without looking at interrupts, as a C extension does. */
  z.object({ do: z.literal('ignore_interrupts'), ms: z.number().min(0) }),
  /** Uses up the memory. The kernel kills the `container`, or the supervisor the worker. */
  z.object({ do: z.literal('allocate'), kills: z.enum(['worker', 'container']) }),
  /** Leaves a thread that prints after the step has ended. */
  z.object({ do: z.literal('background'), lines: z.number().int().min(1), everyMs: z.number() }),
  /** Leaves a process that holds both raw streams open, and prints nothing. */
  z.object({ do: z.literal('orphan'), ms: z.number().min(0) }),
  /** Sends the agent a frame that breaks the protocol. */
  z.object({ do: z.literal('break_protocol') }),
]);

const programSchema = z.object({
  /** The session that the client means, to compare with the one that runs it. */
  session: z.string(),
  actions: z.array(actionSchema),
});

export type StepAction = z.infer<typeof actionSchema>;
/** A step's code as the runtime model understands it. */
export type StepProgram = z.infer<typeof programSchema>;

/** The variable of `env` by which a client gives its session a name that its programs print. */
export const sessionVariable = 'SIM_SESSION';

export const encodeProgram = (program: StepProgram): string => JSON.stringify(program);

/** @throws SyntaxError or ZodError for code that no `encodeProgram` made. */
export const parseProgram = (code: string): StepProgram => programSchema.parse(JSON.parse(code));

/** The line that `print` writes. */
export const lineOf = (session: string, stepId: string, number: number): string =>
  `${session} ${stepId} ${number}\n`;
