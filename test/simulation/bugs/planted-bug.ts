import type { RuleName } from '../history/rules.ts';

/** A part of one file of the product, which occurs in it exactly once. */
export interface Patch {
  /** Relative to the repository. */
  file: string;
  from: string;
  to: string;
}

/**
 * A bug that a bundle of the simulation can have; the product's files are never touched. A
 * simulator that finds it would find its kind.
 */
export interface PlantedBug {
  /** In kebab-case, unique. */
  name: string;
  /** The rule that sees it. */
  breaks: RuleName;
  /** What goes wrong, in one sentence. */
  why: string;
  patches: readonly Patch[];
}
