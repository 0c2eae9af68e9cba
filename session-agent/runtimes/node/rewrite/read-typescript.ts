import { transform } from 'sucrase';

/** Turns TypeScript into JavaScript, with every statement on its line. */
export type Compiler = (code: string) => string;

/**
 * The step needs a compiler, which takes a while to load. Thrown instead of loading it, because
 * parsing is synchronous.
 */
export class CompilerNeededError extends Error {}

/**
 * Removes types, and turns enums into objects. Much faster than compiling.
 * @throws sucrase's own SyntaxError.
 */
export function stripTypes(source: string): string {
  return transform(source, {
    transforms: ['typescript'],
    disableESTransforms: true,
    preserveDynamicImport: true,
    // The next step may use an import that this one does not.
    keepUnusedImports: true,
  }).code;
}

/** A line that opens a namespace. One that is only declared is a type. */
const namespace = /^\s*(?:export\s+)?(?:namespace|module)\s+[\w$.]+\s*\{/;

/** sucrase drops namespaces, so their contents would be missing. */
export function dropsNamespace(code: string, stripped: string): boolean {
  const left = stripped.split('\n');
  return code
    .split('\n')
    .some((line, index) => namespace.test(line) && !namespace.test(left[index] ?? ''));
}

/** Whether code that cannot be parsed may have decorators or `accessor` fields. */
export const mayDecorate = (code: string): boolean =>
  /(?:^|[\s(])@[\w$(]|\baccessor\s+[\w$#[]/.test(code);

/** Words that begin something that only TypeScript has. */
const typeScriptWords =
  /\b(?:abstract|as|declare|enum|implements|import\s+type|infer|interface|is|keyof|module|namespace|override|private|protected|public|readonly|satisfies|type)\s+$/;

/**
 * Whether the JavaScript parser stopped at something that only TypeScript has. Otherwise its error
 * is what the user must see.
 */
export function stopsAtTypes(code: string, pos: number): boolean {
  const rest = code.slice(pos, pos + 80);
  const before = code.slice(Math.max(0, pos - 80), pos);
  return (
    /^(?:[:?!@<]|as\b|satisfies\b|implements\b|extends\b|enum\b|=>)/.test(rest) ||
    typeScriptWords.test(before)
  );
}

/** Whether the code would be valid if JSX were allowed. */
export function parsesAsJsx(source: string): boolean {
  try {
    const { code } = transform(source, {
      transforms: ['typescript', 'jsx'],
      jsxRuntime: 'preserve',
      keepUnusedImports: true,
    });
    return code !== '';
  } catch {
    return false;
  }
}
