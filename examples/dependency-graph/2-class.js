class DependencyGraph {
  #edges = new Map();

  constructor(packages) {
    for (const [path, { dependencies = {} }] of packages) {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const known = this.#edges.get(name) ?? new Set();
      for (const dependency of Object.keys(dependencies)) known.add(dependency);
      this.#edges.set(name, known);
    }
  }

  /** All direct and indirect dependencies of `name`. */
  closure(name, seen = new Set()) {
    for (const dependency of this.#edges.get(name) ?? []) {
      if (!seen.has(dependency)) this.closure(dependency, seen.add(dependency));
    }
    return seen;
  }

  get names() {
    return [...this.#edges.keys()];
  }
}
