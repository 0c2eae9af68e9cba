// Runs a program with the network and the administrator of a real cluster that has the images of
// this tree: `node tools/in-cluster.mjs PROGRAM ARGS…`.
import { openCluster } from './real-cluster.mjs';

const [program, ...args] = process.argv.slice(2);
const cluster = openCluster(process.env);
try {
  process.exitCode = (await cluster.exec(program, args)).status;
} finally {
  cluster.close();
}
