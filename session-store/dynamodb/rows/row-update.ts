import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { Item } from '../items.ts';
import { sessionsTable } from '../key-schema.ts';
import { rowAttributes } from './session-item.ts';

type RowUpdate = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/**
 * Sets the attributes that this version knows to those of `item`, and leaves all others to the
 * newer version that wrote them: a PutItem would lose them.
 */
export const toRowUpdate = (item: Item): RowUpdate => {
  const names: Record<string, string> = {};
  const values: Item = {};
  const sets: string[] = [];
  const removes: string[] = [];
  const nameOf = (attribute: string): string => {
    const placeholder = `#a${Object.keys(names).length}`;
    names[placeholder] = attribute;
    return placeholder;
  };
  const set = (path: string, value: Item[string]) => {
    const placeholder = `:v${sets.length}`;
    values[placeholder] = value;
    sets.push(`${path} = ${placeholder}`);
  };
  for (const attribute of rowAttributes) {
    const value = item[attribute];
    if (attribute === sessionsTable.partitionKey) continue;
    const path = nameOf(attribute);
    if (value === undefined) removes.push(path);
    // The only map with keys that we define: unknown keys of a newer version stay.
    else if (attribute === 'resources')
      for (const [key, part] of Object.entries(value.M ?? {})) set(`${path}.${nameOf(key)}`, part);
    else set(path, value);
  }
  const remove = removes.length === 0 ? '' : ` REMOVE ${removes.join(', ')}`;
  return {
    UpdateExpression: `SET ${sets.join(', ')}${remove}`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
};
