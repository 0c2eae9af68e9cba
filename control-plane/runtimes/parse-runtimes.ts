import { type Resources, resourcesSchema } from '@steppe/contracts/fields';
import { languageSchema } from '@steppe/contracts/session';
import { namedIssues } from '@steppe/service-kit/config/load-config';
import * as z from 'zod';
import { resourceKinds, tooLittle } from './choose-resources.ts';
import { pickPodOptions, podOptionsShape } from './pod-options.ts';
import { parseQuantity } from './quantity.ts';
import type { RuntimeDefinition } from './runtime-definition.ts';

const nameSchema = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'a name is 1 to 63 of a-z 0-9 -, no - at its ends',
  );
const moduleSchema = z
  .string()
  .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, 'a module is a dotted name of Python');

const entrySchema = z.strictObject({
  language: languageSchema.optional(),
  interpreter: z.string().min(1).optional(),
  image: z.string().min(1).optional(),
  ...podOptionsShape,
  default_resources: resourcesSchema.partial().optional(),
  max_resources: resourcesSchema.partial().optional(),
  pool_size: z.number().int().min(0).max(1_000).optional(),
  preload: z.array(moduleSchema).max(100).optional(),
});

/** Maps names to entries; null removes a built-in runtime from the list. */
const fileSchema = z.record(nameSchema, entrySchema.nullable());

export type ParsedRuntimes = { runtimes: readonly RuntimeDefinition[] } | { complaints: string[] };

/**
 * Parses the operator's list of runtimes: a JSON object that maps names to entries. An entry
 * inherits what it leaves out from the built-in runtime of the same name, or of the same language.
 */
export function parseRuntimes(text: string, builtIn: readonly RuntimeDefinition[]): ParsedRuntimes {
  const json = readJson(text);
  if ('complaint' in json) return { complaints: [json.complaint] };
  const parsed = fileSchema.safeParse(json.value);
  if (!parsed.success) return { complaints: namedIssues(parsed.error) };
  const kept = builtIn.filter(({ name }) => parsed.data[name] === undefined);
  const made = Object.entries(parsed.data).flatMap(([name, entry]) =>
    entry ? [define(name, entry, builtIn)] : [],
  );
  const complaints = made.flatMap((one) => ('complaints' in one ? one.complaints : []));
  const runtimes = [...kept, ...made.flatMap((one) => ('complaints' in one ? [] : [one]))];
  if (complaints.length === 0 && runtimes.length === 0)
    return { complaints: ['no runtime is left'] };
  return complaints.length > 0 ? { complaints } : { runtimes };
}

type Entry = z.output<typeof entrySchema>;

function define(
  name: string,
  entry: Entry,
  builtIn: readonly RuntimeDefinition[],
): RuntimeDefinition | { complaints: string[] } {
  const named = builtIn.find((runtime) => runtime.name === name);
  const language = entry.language ?? named?.language;
  if (!language) return { complaints: [`${name}.language: must be python or node`] };
  const base =
    named?.language === language ? named : builtIn.find((runtime) => runtime.name === language);
  if (!base) throw new Error(`there is no built-in runtime of ${language}`);
  const {
    interpreter,
    image,
    preload = base.preload,
    pool_size: poolSize = named ? base.poolSize : 0,
  } = entry;
  const pod = pickPodOptions(entry);
  const runtime: RuntimeDefinition = {
    name,
    language,
    default_resources: { ...base.default_resources, ...defined(entry.default_resources) },
    max_resources: { ...base.max_resources, ...defined(entry.max_resources) },
    ...(interpreter && { interpreter }),
    ...(image && { image }),
    ...(pod && { pod }),
    preload,
    poolSize,
  };
  const complaints = complaintsAbout(runtime);
  return complaints.length > 0 ? { complaints } : runtime;
}

function complaintsAbout({
  name,
  language,
  preload,
  default_resources,
  max_resources,
}: RuntimeDefinition): string[] {
  const amiss = resourceKinds.flatMap((kind) => {
    const [fallback, max] = [default_resources[kind], max_resources[kind]];
    const complaint = tooLittle(kind, fallback);
    if (complaint) return [`${name}.default_resources.${kind}: ${complaint}`];
    if (parseQuantity(fallback) <= parseQuantity(max)) return [];
    return [`${name}.default_resources.${kind}: is ${fallback}, and max_resources has ${max}`];
  });
  const preloads =
    language === 'node' && preload.length > 0 ? [`${name}.preload: is for Python alone`] : [];
  return [...amiss, ...preloads];
}

const defined = (resources: Entry['default_resources']): Partial<Resources> =>
  Object.fromEntries(
    Object.entries(resources ?? {}).filter(([, quantity]) => quantity !== undefined),
  );

function readJson(text: string): { value: unknown } | { complaint: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { complaint: `is not valid JSON: ${error instanceof Error ? error.message : error}` };
  }
}
