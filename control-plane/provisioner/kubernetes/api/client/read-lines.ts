import { StringDecoder } from 'node:string_decoder';

/**
 * Yields the lines of a stream without their line feeds.
 * @throws RangeError for a line of more than `maxLength` characters, SyntaxError for an end in the
 *   middle of a line.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  maxLength: number,
): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const lines = decoder.write(chunk).split('\n');
    for (const [index, part] of lines.entries()) {
      parts.push(part);
      length += part.length;
      if (length > maxLength) throw new RangeError(`a line is longer than ${maxLength} characters`);
      if (index === lines.length - 1) break;
      yield parts.join('');
      [parts, length] = [[], 0];
    }
  }
  if (length > 0 || decoder.end() !== '') throw new SyntaxError('the last line is not complete');
}
