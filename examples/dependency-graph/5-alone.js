// A step may redeclare a name of an earlier step.
const heaviest = null;
const alone = graph.names.filter((name) => graph.closure(name).size === 0);
({ alone: alone.length, share: Number((alone.length / graph.names.length).toFixed(3)) });
