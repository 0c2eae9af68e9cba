import { Mime } from 'mime';
import otherTypes from 'mime/types/other.js';
import standardTypes from 'mime/types/standard.js';

/** What sessions are full of, and the registry does not know or means something else by. */
const ownTypes = {
  'text/x-python': ['py'],
  'text/x-typescript': ['ts', 'mts', 'cts', 'tsx'],
  'application/x-ndjson': ['ndjson', 'jsonl'],
  'application/vnd.apache.parquet': ['parquet'],
};

const types = new Mime(standardTypes, otherTypes).define(ownTypes, true);

/**
 * By the name alone: nobody has looked into the file. Text is said to be UTF-8, which code writes
 * unless told otherwise.
 */
export function contentTypeOf(name: string): string {
  // Without a slash before it a name that has no dot would be taken for an extension.
  const type = types.getType(`/${name}`) ?? 'application/octet-stream';
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}
