import { transform } from 'sucrase';

/**
 * TypeScript to JavaScript, every statement on the line it stood on. Enums become objects. Throws a
 * SyntaxError of sucrase's own.
 */
export function stripTypes(source: string): string {
  return transform(source, {
    transforms: ['typescript'],
    disableESTransforms: true,
    preserveDynamicImport: true,
    // An import that this step does not use may be meant for the next one.
    keepUnusedImports: true,
  }).code;
}

/** Whether the code would be right if JSX were allowed. */
export function parsesAsJsx(source: string): boolean {
  try {
    return (
      transform(source, {
        transforms: ['typescript', 'jsx'],
        jsxRuntime: 'preserve',
        keepUnusedImports: true,
      }).code !== ''
    );
  } catch {
    return false;
  }
}
