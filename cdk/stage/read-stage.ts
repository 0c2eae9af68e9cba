import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from 'constructs';
import * as z from 'zod';
import { type StageSettings, settingsSchema, stageNameSchema } from './settings.ts';

/**
 * Reads the one context of the app: `-c stage=NAME` names the file stages/NAME.json.
 * @throws Error that lists what is wrong in it.
 */
export function readStage(node: Node): StageSettings {
  const stage = parse(stageNameSchema, node.tryGetContext('stage'), 'the context value stage');
  const file = `stages/${stage}.json`;
  return { stage, ...parse(settingsSchema, readJson(file), file) };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(join(import.meta.dirname, '..', file), 'utf8'));
  } catch (cause) {
    throw new Error(`cannot read cdk/${file}; copy cdk/stages/example.json`, { cause });
  }
}

function parse<S extends z.ZodType>(schema: S, value: unknown, name: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`${name} is not valid:\n${z.prettifyError(parsed.error)}`);
}
