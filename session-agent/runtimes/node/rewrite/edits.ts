/**
 * A change to the source: what stands in [start, end) becomes `text`. Neither may change the number
 * of lines.
 */
export type Edit = { start: number; end: number; text: string };

/**
 * On `line` (from 1), columns (from 1) at or past `column` stand `by` further right than in what
 * the user wrote.
 */
export type ColumnShift = { line: number; column: number; by: number };

/**
 * Applies edits in the order of their start; of two insertions at one place the one pushed first
 * comes first.
 */
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
    // The text of a removal over several lines keeps its line breaks and its last line's length, so
    // that nothing moves.
    const by = edit.text.includes('\n') ? 0 : edit.text.length - (edit.end - edit.start);
    if (by === 0) continue;
    lineShift += by;
    shifts.push({ line, column: at.column + lineShift, by });
  }
  return { text: text + source.slice(done), shifts };
}

/** Undoes the shifts: the column in the user's own text. */
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

/** As many characters, all of them white, the line breaks where they were. */
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
