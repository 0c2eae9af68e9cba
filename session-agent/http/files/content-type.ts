import { Mime } from 'mime';
import otherTypes from 'mime/types/other.js';
import standardTypes from 'mime/types/standard.js';

/** Common files of sessions that the registry does not know, or knows as something else. */
const ownTypes = {
  'text/x-python': ['py'],
  'text/x-typescript': ['ts', 'mts', 'cts', 'tsx'],
  'application/x-ndjson': ['ndjson', 'jsonl'],
  'application/vnd.apache.parquet': ['parquet'],
};

const types = new Mime(standardTypes, otherTypes).define(ownTypes, true);

/** The type that the name suggests. Text is declared as UTF-8, which code writes by default. */
export function contentTypeOf(name: string): string {
  // Without the slash a name without a dot would be taken for an extension.
  const type = types.getType(`/${name}`) ?? 'application/octet-stream';
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}
