import { type ResponseHeader, responseHeaders } from '@steppe/contracts/operations/headers';
import * as z from 'zod';

/**
 * The schema of an object with the named fields, which is how zod-openapi takes parameters and
 * headers. Descriptions and examples move from the field's schema to the parameter or header.
 */
export const objectOf = <Name extends string>(
  kind: 'param' | 'header',
  fields: Readonly<Record<Name, z.ZodType>>,
  names: readonly Name[],
): z.ZodObject =>
  z.object(Object.fromEntries(names.map((name) => [name, describedBy(kind, fields[name])])));

function describedBy(kind: 'param' | 'header', field: z.ZodType): z.ZodType {
  const { description, example } = field.meta() ?? {};
  const texts = { ...(description && { description }), ...(example !== undefined && { example }) };
  return field.meta({ description: undefined, example: undefined, [kind]: texts });
}

export const responseHeadersOf = (names: readonly ResponseHeader[]): z.ZodObject =>
  objectOf('header', responseHeaders, names);
