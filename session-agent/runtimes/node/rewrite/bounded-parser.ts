import { Parser } from 'acorn';

/**
 * Every kind of nesting passes through one of these: brackets, operators, statements, patterns, and
 * groups of a regular expression.
 */
const nesting = [
  'parseStatement',
  'parseMaybeAssign',
  'parseMaybeUnary',
  'parseExprOp',
  'parseExprAtom',
  'parseBindingAtom',
  'parseClass',
  'parseFunction',
  'regexp_disjunction',
  'regexp_eatNestedClass',
] as const;

/** Uses at most half of the control thread's stack. */
const maxDepth = 10_000;
/** Limits chains such as `a.b.c()`, which the parser reads in a loop but whose tree is deep. */
const maxChain = 10_000;

/** The code is nested too deeply. */
export class NestingError extends Error {
  readonly pos: number;

  constructor(pos: number) {
    super('The code is nested too deeply');
    this.pos = pos;
  }
}

/**
 * A parser that rejects deep nesting while half of its stack is left. V8 ends the whole process
 * when it has to compile a regular expression at the end of a stack, so the parser must never reach
 * it.
 */
export class BoundedParser extends Parser {
  depth = 0;
  chain = 0;
}

type Method = (this: BoundedParser, ...args: unknown[]) => unknown;

function override(name: string, make: (inherited: Method) => Method): void {
  Object.defineProperty(BoundedParser.prototype, name, {
    value: make(methodOf(name)),
    writable: true,
    configurable: true,
  });
}

/** The parser's methods are public and untyped; each uses `this` as the parser. */
function methodOf(name: string): Method {
  const inherited: unknown = Reflect.get(Parser.prototype, name);
  if (typeof inherited !== 'function') throw new Error(`acorn has no method ${name}`);
  return inherited as Method;
}

for (const name of nesting) {
  override(
    name,
    (inherited) =>
      function (...args) {
        this.depth += 1;
        if (this.depth > maxDepth) throw new NestingError(Number(Reflect.get(this, 'start')));
        const parsed = inherited.apply(this, args);
        this.depth -= 1;
        return parsed;
      },
  );
}
override(
  'parseSubscripts',
  (inherited) =>
    function (...args) {
      const { chain } = this;
      this.chain = 0;
      const parsed = inherited.apply(this, args);
      this.chain = chain;
      return parsed;
    },
);
override(
  'parseSubscript',
  (inherited) =>
    function (...args) {
      this.chain += 1;
      if (this.chain > maxChain) throw new NestingError(Number(Reflect.get(this, 'start')));
      return inherited.apply(this, args);
    },
);
/** The inherited method tests the error with a regular expression at the end of the stack. */
override(
  'catchStackOverflow',
  () => (parse) => (typeof parse === 'function' ? parse() : undefined),
);
