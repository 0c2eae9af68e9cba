import { transform } from 'sucrase';

/**
 * Turns TypeScript into JavaScript, with every statement on its line. Enums become objects.
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

/** Whether the code would be valid if JSX were allowed. */
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
