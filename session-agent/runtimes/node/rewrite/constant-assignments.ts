import type { AnyNode, Identifier, Pattern } from 'acorn';
import { isShadowed } from './declared-names.ts';
import type { Edit } from './edits.ts';
import { walk } from './syntax-tree.ts';

/** Rewritten assignments set a property of this object, which throws as a constant does. */
export const constantsHolder = '__steppe_constants';

type Target = { identifier: Identifier; shorthand: boolean };

/**
 * A later step may declare a constant again, so V8 must not see a constant. Within its own step it
 * stays a constant: each assignment to `x` becomes one to `__steppe_constants.x`.
 */
export function guardConstants(
  program: AnyNode,
  constants: ReadonlySet<string>,
): { edits: Edit[]; guarded: Set<string> } {
  const edits: Edit[] = [];
  const guarded = new Set<string>();
  if (constants.size === 0) return { edits, guarded };
  walk(program, (node, ancestors) => {
    for (const { identifier, shorthand } of assignedBy(node)) {
      const { name, start, end } = identifier;
      if (!constants.has(name) || isShadowed(name, [...ancestors, node])) continue;
      guarded.add(name);
      edits.push({ start, end, text: `${shorthand ? `${name}:` : ''}${constantsHolder}.${name}` });
    }
    return true;
  });
  return { edits, guarded };
}

function assignedBy(node: AnyNode): Target[] {
  if (node.type === 'AssignmentExpression') return targetsIn(node.left);
  if (node.type === 'UpdateExpression' && node.argument.type === 'Identifier')
    return [{ identifier: node.argument, shorthand: false }];
  const loops = node.type === 'ForInStatement' || node.type === 'ForOfStatement';
  return loops && node.left.type !== 'VariableDeclaration' ? targetsIn(node.left) : [];
}

function targetsIn(pattern: Pattern): Target[] {
  if (pattern.type === 'Identifier') return [{ identifier: pattern, shorthand: false }];
  if (pattern.type === 'AssignmentPattern') return targetsIn(pattern.left);
  if (pattern.type === 'RestElement') return targetsIn(pattern.argument);
  if (pattern.type === 'ArrayPattern')
    return pattern.elements.flatMap((element) => (element ? targetsIn(element) : []));
  if (pattern.type !== 'ObjectPattern') return [];
  return pattern.properties.flatMap((property) => {
    if (property.type === 'RestElement') return targetsIn(property);
    return targetsIn(property.value).map((target) => ({
      ...target,
      shorthand: target.shorthand || property.shorthand,
    }));
  });
}
