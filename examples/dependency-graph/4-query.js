const heaviest = graph.names
  .map((name) => ({ name, brings: graph.closure(name).size }))
  .sort((a, b) => b.brings - a.brings || a.name.localeCompare(b.name))
  .slice(0, 5);
console.table(heaviest);
heaviest;
