import { parser } from '@prometheus-io/lezer-promql';

type Node = ReturnType<typeof parser.parse>['topNode'];

/** One metric as a query selects it. */
export interface Selector {
  metric: string;
  matchers: { label: string; value: string; isPattern: boolean }[];
}

export interface Aggregation {
  /** The labels that it keeps, as `by (…)` lists them. */
  labels: string[];
  /** The selectors inside it. */
  selectors: Selector[];
}

export interface Query {
  /** The parts of the query that Prometheus would refuse. */
  faults: string[];
  selectors: Selector[];
  aggregations: Aggregation[];
}

const takesRange = /^(i?rate|increase|i?delta|resets|changes|\w+_over_time)$/;

/**
 * Parses a query with Prometheus's own grammar. The grammar knows no types, so this also checks
 * that functions such as rate get a range, and that other functions do not.
 */
export function readQuery(text: string): Query {
  const { topNode } = parser.parse(text);
  const textOf = (node: Node | null): string => (node ? text.slice(node.from, node.to) : '');
  const below = (node: Node, isWanted: (one: Node) => boolean): Node[] => {
    const found: Node[] = [];
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (isWanted(child)) found.push(child);
      found.push(...below(child, isWanted));
    }
    return found;
  };
  const named = (node: Node, name: string) => below(node, (one) => one.name === name);
  const selectorsIn = (node: Node): Selector[] =>
    named(node, 'VectorSelector').map((selector) => ({
      metric: textOf(selector.getChild('Identifier')),
      matchers: named(selector, 'UnquotedLabelMatcher').map((matcher) => ({
        label: textOf(matcher.getChild('LabelName')),
        value: textOf(matcher.getChild('StringLiteral')).slice(1, -1),
        isPattern: textOf(matcher.getChild('MatchOp')).endsWith('~'),
      })),
    }));
  const hasWrongType = (call: Node): boolean =>
    takesRange.test(textOf(call.firstChild)) !==
    (call.getChild('FunctionCallBody')?.getChild('MatrixSelector') != null);
  return {
    faults: [
      ...below(topNode, ({ type }) => type.isError).map(
        (node) => textOf(node) || 'it ends too early',
      ),
      ...below(topNode, ({ name }) => name === 'FunctionCall' || name === 'AggregateExpr')
        .filter(hasWrongType)
        .map(textOf),
    ],
    selectors: selectorsIn(topNode),
    aggregations: named(topNode, 'AggregateExpr').map((node) => ({
      labels: node
        .getChildren('AggregateModifier')
        .flatMap((modifier) => named(modifier, 'LabelName').map(textOf)),
      selectors: selectorsIn(node),
    })),
  };
}
