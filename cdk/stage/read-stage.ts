import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { releaseSchema, type StageSettings, settingsSchema, stageNameSchema } from './settings.ts';

export const folder = join(import.meta.dirname, '..');

/**
 * Reads the one context of the app: `-c stage=NAME` names the file stages/NAME.json, and
 * `-c release=FILE` what is installed there.
 * @throws Error that lists what is wrong in it.
 */
export function readStage(context: { stage: unknown; release?: unknown }): StageSettings {
  const stage = parse(stageNameSchema, context.stage, 'the context value stage');
  const settings = readFile(settingsSchema, `stages/${stage}.json`);
  if (context.release === undefined) return { stage, ...settings };
  const file = parse(z.string(), context.release, 'the context value release');
  return { stage, ...settings, release: readFile(releaseSchema, file) };
}

function readFile<S extends z.ZodType>(schema: S, file: string): z.output<S> {
  try {
    const value: unknown = JSON.parse(readFileSync(resolve(folder, file), 'utf8'));
    return parse(schema, value, file);
  } catch (cause) {
    if (cause instanceof InvalidContextError) throw cause;
    throw new InvalidContextError(`cannot read cdk/${file}; docs/aws.md describes it`, { cause });
  }
}

function parse<S extends z.ZodType>(schema: S, value: unknown, name: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidContextError(`${name} is not valid:\n${z.prettifyError(parsed.error)}`);
}

class InvalidContextError extends Error {}
