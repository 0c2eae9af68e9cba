import * as z from 'zod';
import type { JsonSchema } from '../document.ts';
import { escapeHtml, renderTable, renderWords } from './html.ts';

/** The keywords of JSON Schema that the contract's schemas use. */
const wordsSchema = z.object({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  format: z.string().optional(),
  const: z.string().optional(),
  enum: z.array(z.string()).optional(),
  default: z.unknown().optional(),
  description: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxLength: z.number().optional(),
  pattern: z.string().optional(),
  items: z.looseObject({}).optional(),
  anyOf: z.array(z.looseObject({})).optional(),
  oneOf: z.array(z.looseObject({})).optional(),
  required: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.looseObject({})).optional(),
  additionalProperties: z.union([z.boolean(), z.looseObject({})]).optional(),
});
type Words = z.infer<typeof wordsSchema>;

/** Describes the type of a value in a few words, with links to named schemas. */
export function renderType(schema: JsonSchema): string {
  const words = wordsSchema.parse(schema);
  if (words.$ref) return linkTo(words.$ref);
  const options = words.anyOf ?? words.oneOf;
  if (options) return options.map(renderType).join(' or ');
  if (words.const !== undefined) return code(words.const);
  if (words.enum) return words.enum.map(code).join(', ');
  if (words.type === 'array') return `list of ${renderType(words.items ?? {})}`;
  if (words.type === 'object' && typeof words.additionalProperties === 'object') {
    return `object of ${renderType(words.additionalProperties)}`;
  }
  const type = words.format === 'binary' ? 'bytes' : [words.type ?? 'anything'].flat().join(' or ');
  return [type, boundsOf(words)].filter(Boolean).join(' ');
}

/** Renders the notes beside a type: its purpose and its default. */
export function renderNotes(schema: JsonSchema): string {
  const { description, default: fallback } = wordsSchema.parse(schema);
  const absent = fallback === undefined ? '' : `Default ${code(JSON.stringify(fallback))}.`;
  const said = description
    ? `${renderWords(description.replace(/^./, (first) => first.toUpperCase()))}.`
    : '';
  return [said.replace(/\.\.$/, '.'), absent].filter(Boolean).join(' ');
}

/** Renders a named schema completely: its fields, or its variants. */
export function renderSchema(name: string, schema: JsonSchema): string {
  const words = wordsSchema.parse(schema);
  const kinds = words.oneOf?.map((kind) => renderFields(wordsSchema.parse(kind))) ?? [];
  const body = words.properties
    ? renderFields(words)
    : kinds.join('') || `<p>${renderType(schema)}</p>`;
  return `<section id="schema-${name}"><h3>${name}</h3>${body}</section>`;
}

function renderFields({ properties = {}, required = [] }: Words): string {
  const rows = Object.entries(properties).flatMap(([name, schema]) =>
    renderField(name, schema, required.includes(name)),
  );
  return renderTable(['field', 'type', ''], rows);
}

/** Renders a field, and below it those of an object without a name of its own. */
function renderField(name: string, schema: JsonSchema, isRequired: boolean): string[][] {
  const { properties, required = [] } = wordsSchema.parse(schema);
  const own = [
    `${code(name)}${isRequired ? '' : ' <i>optional</i>'}`,
    properties ? 'object' : renderType(schema),
    renderNotes(schema),
  ];
  const inner = Object.entries(properties ?? {}).flatMap(([key, value]) =>
    renderField(`${name}.${key}`, value, required.includes(key)),
  );
  return [own, ...inner];
}

function boundsOf({ minimum, maximum, maxLength, pattern, format }: Words): string {
  if (format === 'date-time') return 'RFC 3339, UTC, milliseconds';
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `from ${minimum}`;
  // A longer pattern explains nothing to a person; the description does.
  if (pattern !== undefined && pattern.length < 40) return `like ${code(pattern)}`;
  return maxLength === undefined ? '' : `of ${maxLength} characters at most`;
}

function linkTo(ref: string): string {
  const name = escapeHtml(ref.slice(ref.lastIndexOf('/') + 1));
  return `<a href="#schema-${name}">${name}</a>`;
}

const code = (text: string): string => `<code>${escapeHtml(text)}</code>`;
