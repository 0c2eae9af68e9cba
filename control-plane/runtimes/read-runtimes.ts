import { readFile } from 'node:fs/promises';
import { builtInRuntimes } from './built-in-runtimes.ts';
import { type ParsedRuntimes, parseRuntimes } from './parse-runtimes.ts';

export interface RuntimesConfig {
  /** Path of the operator's list; if absent, only the built-in runtimes exist. */
  runtimesFile: string | undefined;
  /** Pool size of built-in runtimes, unless the list says otherwise. */
  poolSize: number;
}

/** The runtimes that may be requested, or what is wrong with the operator's list, one line each. */
export async function readRuntimes({
  runtimesFile,
  poolSize,
}: RuntimesConfig): Promise<ParsedRuntimes> {
  const builtIn = builtInRuntimes(poolSize);
  if (runtimesFile === undefined) return { runtimes: builtIn };
  try {
    const parsed = parseRuntimes(await readFile(runtimesFile, 'utf8'), builtIn);
    if ('runtimes' in parsed) return parsed;
    return { complaints: parsed.complaints.map((complaint) => `STEPPE_RUNTIMES: ${complaint}`) };
  } catch (error) {
    return { complaints: [`STEPPE_RUNTIMES: ${error instanceof Error ? error.message : error}`] };
  }
}
