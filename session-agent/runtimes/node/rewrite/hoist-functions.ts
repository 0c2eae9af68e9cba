import type { FunctionDeclaration, Program } from 'acorn';
import { blank, type Edit } from './edits.ts';
import { declarationIn } from './top-level-names.ts';

export function topLevelFunctions(program: Program): FunctionDeclaration[] {
  return program.body.flatMap((statement) => {
    const declaration = declarationIn(statement);
    return declaration?.type === 'FunctionDeclaration' && declaration.id
      ? [declaration as FunctionDeclaration]
      : [];
  });
}

/**
 * A second script that runs before the step: its functions at their positions, and white space for
 * the rest. As declarations of a script they become global and keep their text. `assign` turns them
 * into assignments, for names in the scope of scripts and for functions that use the step's
 * wrapper.
 */
export function hoistFunctions(
  source: string,
  functions: readonly FunctionDeclaration[],
  assign: boolean,
): Edit[] {
  const edits: Edit[] = [];
  let done = 0;
  for (const declaration of functions) {
    edits.push({
      start: done,
      end: declaration.start,
      text: blank(source.slice(done, declaration.start)),
    });
    if (assign) edits.push(...assignment(declaration));
    done = declaration.end;
  }
  edits.push({ start: done, end: source.length, text: blank(source.slice(done)) });
  return edits;
}

/**
 * Removes the name: in a function expression it would hide the variable that later steps can set.
 */
function assignment({ id, start, end }: FunctionDeclaration): Edit[] {
  return [
    { start, end: start, text: `${id.name}=` },
    { start: id.start, end: id.end, text: '' },
    { start: end, end, text: ';' },
  ];
}
