import type * as z from 'zod';
import { errorMap } from '../http/error-map.ts';

/** The environment of a process, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the variables among `names` that are set and not empty. */
export const pickVariables = <N extends string>(
  env: Environment,
  names: readonly N[],
): { [name in N]?: string } =>
  Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : []))) as {
    [name in N]?: string;
  };

/** The exit status for a configuration that cannot be used: `EX_CONFIG` of sysexits.h. */
const exitConfig = 78;

interface LoadConfigOptions<S extends z.ZodObject> {
  service: string;
  variables: S;
  env: Environment;
  args: readonly string[];
}

/**
 * Reads a service's variables; an empty one counts as unset. With `--help` in `args`, it prints the
 * table of variables and exits 0. If variables are invalid, or another argument is given, it prints
 * all errors at once and exits 78.
 */
export function loadConfig<S extends z.ZodObject>({
  service,
  variables,
  env,
  args,
}: LoadConfigOptions<S>): z.output<S> {
  if (args.includes('--help')) {
    process.stdout.write(helpText(service, variables));
    process.exit(0);
  }
  const parsed = parseVariables(variables, env);
  const complaints = args.map(
    (arg) => `${arg}: unexpected argument; configure it through environment variables`,
  );
  if (parsed.success && complaints.length === 0) return parsed.data;
  return refuseConfig(service, [
    ...complaints,
    ...(parsed.success ? [] : namedIssues(parsed.error)),
  ]);
}

/** Prints all errors, one per line, and exits 78. */
export function refuseConfig(service: string, complaints: readonly string[]): never {
  const lines = complaints.map((complaint) => `  ${complaint}\n`).join('');
  process.stderr.write(`${service}: invalid configuration (--help lists every variable)\n${lines}`);
  process.exit(exitConfig);
}

type Opened<Openings> = { [Variable in keyof Openings]: Awaited<Openings[Variable]> };

/**
 * Waits until everything that the variables name is open. Returns the results by variable, or one
 * line for each failure.
 */
export async function openAll<Openings extends Readonly<Record<string, Promise<unknown>>>>(
  openings: Openings,
): Promise<Opened<Openings> | { complaints: string[] }> {
  const complaints: string[] = [];
  const opened = await Promise.all(
    Object.entries(openings).map(async ([variable, opening]) => {
      const value = await opening.catch(
        (error) => void complaints.push(`${variable}: ${reasonOf(error)}`),
      );
      return [variable, value];
    }),
  );
  // Every opening succeeded, so each name has its result.
  return complaints.length > 0
    ? { complaints: complaints.sort() }
    : (Object.fromEntries(opened) as Opened<Openings>);
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined
    ? error.message
    : `${error.message}: ${reasonOf(error.cause).split('\n').join(' ')}`;
};

export function parseVariables<S extends z.ZodObject>(
  variables: S,
  env: Environment,
): z.ZodSafeParseResult<z.output<S>> {
  const known = Object.keys(variables.shape).map((name) => [
    name,
    env[name] === '' ? undefined : env[name],
  ]);
  return variables.safeParse(Object.fromEntries(known), { error: errorMap });
}

/** Returns one text for each invalid variable. */
export const namedIssues = (error: z.ZodError): string[] =>
  error.issues.map(
    (issue) => `${issue.path.join('.')}${issue.path.length > 0 ? ': ' : ''}${issue.message}`,
  );

/** Renders the table of variables: name, default or `required`, and description. */
export function helpText(service: string, variables: z.ZodObject): string {
  const rows = Object.entries(variables.shape).map(([name, schema]) => {
    const unset = schema.safeParse(undefined);
    const fallback = unset.success ? String(unset.data ?? '') || '-' : 'required';
    return { name, fallback, description: schema.description ?? '' };
  });
  const width = (key: 'name' | 'fallback') => Math.max(...rows.map((row) => row[key].length));
  const lines = rows.map(
    (row) =>
      `  ${row.name.padEnd(width('name'))}  ${row.fallback.padEnd(width('fallback'))}  ${row.description}`,
  );
  return `${service} is configured by its environment alone.\n\n${lines.join('\n')}\n`;
}
