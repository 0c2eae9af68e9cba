const graph = new DependencyGraph(installed);
graph.names.length;
