/** Replaces [start, end) of the source with `text`, without changing the number of lines. */
export type Edit = { start: number; end: number; text: string };

/**
 * On `line` (from 1), columns (from 1) at or after `column` are `by` further right than in the
 * user's source.
 */
export type ColumnShift = { line: number; column: number; by: number };

/** Applies edits in the order of their start; insertions at one position keep their order. */
export function applyEdits(
  source: string,
  edits: readonly Edit[],
): { text: string; shifts: ColumnShift[] } {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const shifts: ColumnShift[] = [];
  const position = createPosition(source);
  let text = '';
  let done = 0;
  let line = 1;
  let lineShift = 0;
  for (const edit of ordered) {
    if (edit.start < done) continue;
    text += source.slice(done, edit.start) + edit.text;
    done = edit.end;
    const at = position(edit.end);
    if (at.line !== line) lineShift = 0;
    line = at.line;
    // The text that replaces several lines has as many line breaks and the same length of its last
    // line, so that nothing moves.
    const by = edit.text.includes('\n') ? 0 : edit.text.length - (edit.end - edit.start);
    if (by === 0) continue;
    lineShift += by;
    shifts.push({ line, column: at.column + lineShift, by });
  }
  return { text: text + source.slice(done), shifts };
}

/** The column in the user's source, without the shifts. */
export function originalColumn(
  shifts: readonly ColumnShift[],
  line: number,
  column: number,
): number {
  let original = column;
  for (const shift of shifts)
    if (shift.line === line && column >= shift.column) original -= shift.by;
  return Math.max(1, original);
}

/** White space of the same length, with the same line breaks. */
export function blank(source: string): string {
  return source.replace(/[^\n\r\u2028\u2029]/g, ' ');
}

/** Positions must be requested in ascending order. */
function createPosition(source: string): (offset: number) => { line: number; column: number } {
  const lineBreak = /\r\n|[\n\r\u2028\u2029]/g;
  let line = 1;
  let lineStart = 0;
  let next = lineBreak.exec(source);
  return (offset) => {
    while (next && next.index + next[0].length <= offset) {
      line += 1;
      lineStart = next.index + next[0].length;
      next = lineBreak.exec(source);
    }
    return { line, column: offset - lineStart + 1 };
  };
}
