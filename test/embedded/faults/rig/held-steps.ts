import { node, python } from '../../../support/api/languages.ts';

/**
 * Programs that hold a step at a given stage until the file `go` exists, and create the file `held`
 * when they get there. The last two reach into the driver that runs them, as any user code could.
 */
interface HeldSteps {
  runtime: 'python' | 'node';
  /** Holds while it runs and has written nothing yet. */
  beforeOutput: string;
  /** Holds after it has written `said`. */
  midStream: string;
  /**
   * Holds after both end markers and before `done`; then writes the file `sent` once `done` is
   * sent.
   */
  beforeDone: string;
}

const waitsIn = {
  python:
    'import os, time\nopen("held", "w").close()\nwhile not os.path.exists("go"):\n    time.sleep(0.01)\n',
  node: 'require("fs").writeFileSync("held", "");\nwhile (!require("fs").existsSync("go")) await new Promise((r) => setTimeout(r, 10));\n',
};

export const heldPython: HeldSteps = {
  runtime: 'python',
  beforeOutput: waitsIn.python,
  midStream: `${python.print('said')}\n${waitsIn.python}`,
  beforeDone: `import os, sys, time
frame = sys._getframe()
while "parts" not in frame.f_locals:
    frame = frame.f_back
connection = frame.f_locals["parts"].connection
send = connection.send
def hold(message, **options):
    if message["type"] == "done":
        open("held", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
    send(message, **options)
    if message["type"] == "done":
        connection.send = send
        open("sent", "w").close()
connection.send = hold
print("said")
`,
};

export const heldNode: HeldSteps = {
  runtime: 'node',
  beforeOutput: waitsIn.node,
  midStream: `${node.print('said')}\n${waitsIn.node}`,
  // The driver sends `done` through the port of its control thread.
  beforeDone: `const ports = process._getActiveHandles().filter((handle) => handle instanceof MessagePort);
for (const port of ports) {
  const { postMessage } = port;
  port.postMessage = (message) => {
    if (message.frame?.type === "done") {
      require("fs").writeFileSync("held", "");
      while (!require("fs").existsSync("go")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
    postMessage.call(port, message);
  };
}
console.log("said");
undefined;
`,
};
