import type { AnyNode, ExportAllDeclaration, ExportNamedDeclaration, Pattern } from 'acorn';

/** Every child node in the order of the source. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = [];
  for (const value of Object.values(node)) {
    if (isNode(value)) children.push(value);
    else if (Array.isArray(value)) children.push(...value.filter(isNode));
  }
  return children;
}

/**
 * Visits `node` and its descendants; if `enter` returns false, the descendants are skipped.
 * `ancestors` lists the nodes from the root to the parent.
 */
export function walk(
  node: AnyNode,
  enter: (node: AnyNode, ancestors: readonly AnyNode[]) => boolean | undefined,
): void {
  const ancestors: AnyNode[] = [];
  const visit = (here: AnyNode): void => {
    if (enter(here, ancestors) === false) return;
    ancestors.push(here);
    for (const child of childrenOf(here)) visit(child);
    ancestors.pop();
  };
  visit(node);
}

/** A node inside which `var`, `await` and `return` do not belong to the step. */
export function startsFunction(node: AnyNode): boolean {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression' ||
    node.type === 'StaticBlock'
  );
}

/** `export … from 'somewhere'` */
export function isReexport(node: AnyNode): node is ExportAllDeclaration | ExportNamedDeclaration {
  return (
    node.type === 'ExportAllDeclaration' ||
    (node.type === 'ExportNamedDeclaration' && Boolean(node.source))
  );
}

/** The names that a declaration's or parameter's pattern binds. */
export function namesIn(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        namesIn(property.type === 'RestElement' ? property : property.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? namesIn(element) : []));
    case 'RestElement':
      return namesIn(pattern.argument);
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    default:
      return [];
  }
}

function isNode(value: unknown): value is AnyNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    'start' in value &&
    typeof value.type === 'string'
  );
}
