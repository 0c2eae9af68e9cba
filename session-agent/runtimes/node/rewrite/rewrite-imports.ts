import type {
  AnyNode,
  ExportAllDeclaration,
  ExportNamedDeclaration,
  Expression,
  ImportAttribute,
  ImportDeclaration,
  Program,
} from 'acorn';
import { importer, importMeta, nameImporter } from './driver-globals.ts';
import type { Edit } from './edits.ts';
import { removal } from './rewrite-declarations.ts';
import { isReexport, walk } from './syntax-tree.ts';

/**
 * A step is a script, so static imports become assignments from `import()`. Steps are never
 * imported, so the word `export` is removed and its declaration is kept.
 */
export function rewriteImports(source: string, program: Program, typescript: boolean): Edit[] {
  const edits: Edit[] = [];
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration')
      edits.push(rewriteImport(source, statement, typescript));
    if (isReexport(statement)) edits.push(loadOnly(source, statement));
    if (statement.type === 'ExportNamedDeclaration' && !statement.source)
      edits.push(withoutExport(source, statement));
    if (statement.type === 'ExportDefaultDeclaration') {
      edits.push(removal(source, { start: statement.start, end: statement.declaration.start }));
    }
  }
  walk(program, (node) => {
    if (node.type === 'ImportExpression')
      edits.push({ start: node.start, end: node.start + 'import'.length, text: importer });
    if (node.type === 'MetaProperty' && node.meta.name === 'import')
      edits.push({ start: node.start, end: node.end, text: importMeta });
    return true;
  });
  return edits;
}

/** `await import()` on the import's first line; its other lines are kept as line breaks. */
function rewriteImport(source: string, node: ImportDeclaration, typescript: boolean): Edit {
  const names = node.specifiers.flatMap((specifier) => {
    if (specifier.type === 'ImportDefaultSpecifier') return ['default'];
    return specifier.type === 'ImportSpecifier' ? [exportedName(specifier.imported)] : [];
  });
  const targets = node.specifiers.map((specifier) => {
    if (specifier.type === 'ImportNamespaceSpecifier') return `namespace:${specifier.local.name}`;
    const name =
      specifier.type === 'ImportDefaultSpecifier' ? 'default' : exportedName(specifier.imported);
    return `${JSON.stringify(name)}:${specifier.local.name}`;
  });
  // A type imported without `type` has no value in the module.
  const checked = typescript ? [] : names;
  const call = `await ${nameImporter}(${node.source.raw},${JSON.stringify(checked)},${attributesOf(node.attributes)})`;
  return replaceStatement(
    source,
    node,
    targets.length > 0 ? `;({${targets.join()}}=${call});` : `;${call};`,
  );
}

/** In a step `export … from` only loads the module. */
function loadOnly(source: string, node: ExportAllDeclaration | ExportNamedDeclaration): Edit {
  return replaceStatement(source, node, `;await ${importer}(${node.source?.raw});`);
}

function replaceStatement(source: string, { start, end }: AnyNode, text: string): Edit {
  return { start, end, text: text + source.slice(start, end).replace(/[^\n]/g, '') };
}

function attributesOf(attributes: readonly ImportAttribute[]): string {
  if (attributes.length === 0) return 'undefined';
  const pairs = attributes.map(({ key, value }) => [exportedName(key), value.value]);
  return JSON.stringify({ with: Object.fromEntries(pairs) });
}

function exportedName(node: AnyNode | Expression): string {
  return node.type === 'Identifier' ? node.name : node.type === 'Literal' ? String(node.value) : '';
}

function withoutExport(source: string, node: ExportNamedDeclaration): Edit {
  return removal(
    source,
    node.declaration ? { start: node.start, end: node.declaration.start } : node,
  );
}
