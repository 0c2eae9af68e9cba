/**
 * The part of a process's last output that people outside need: exit code, signal, the message of
 * the interpreter. Removes stack traces, and all but the last part of each path. Idempotent.
 */
export function withoutInternals(text: string): string {
  const kept: string[] = [];
  let section: 'words' | 'trace' | 'source' = 'words';
  for (const line of text.split('\n')) {
    const start = startOfTrace(line);
    if (start) {
      section = start.section;
      if (start.before) kept.push(start.before);
    } else if (section === 'source') {
      if (line.trim() === '' || isCarets(line)) section = 'words';
    } else if (section === 'trace' && (line.trim() === '' || line === '}' || /^\s/.test(line))) {
      // Skips frames, their source, and the properties that Node prints with an error.
    } else if (!isBetweenTraces(line)) {
      section = 'words';
      kept.push(line);
    }
  }
  return kept.map(shortenPaths).join('\n').trim();
}

const python = 'Traceback (most recent call last):';

/**
 * Whether the line starts a trace, or the source line that Node prints before one; with the text
 * that precedes it in the line.
 */
function startOfTrace(line: string): { section: 'trace' | 'source'; before: string } | undefined {
  if (line.endsWith(python))
    return { section: 'trace', before: line.slice(0, -python.length).trim().replace(/:$/, '') };
  if (/^\s+(?:File "|at )/.test(line)) return { section: 'trace', before: '' };
  const header = /^(?:[^/]{0,100}: )?(?:node:|file:|\/)\S+:\d+$/.test(line);
  if (!header) return undefined;
  return { section: 'source', before: line.slice(0, Math.max(0, line.lastIndexOf(': '))) };
}

const isCarets = (line: string): boolean => line.trimStart().startsWith('^');

const isBetweenTraces = (line: string): boolean =>
  line.trim() === '' ||
  line.startsWith('Node.js v') ||
  line.startsWith('During handling of the above exception') ||
  line.startsWith('The above exception was the direct cause');

const shortenPaths = (line: string): string =>
  line.replace(/[^\s'"`(),;=<>[\]{}]+/g, (word) =>
    /^(?:file:\/\/)?\/[^/]/.test(word) ? word.slice(cutOf(word)) : word,
  );

/** A trailing slash belongs to the last part. */
const cutOf = (path: string): number => path.lastIndexOf('/', path.length - 2) + 1;
