/** Programs that do the same in each language, for tests that differ in nothing else. */
export interface Language {
  runtime: 'python' | 'node';
  /** Stores 41 in memory and recalls it; the recall fails if the memory is lost. */
  remember: string;
  recall: string;
  /** Writes `waiting`, then waits for the file `go`, interruptible. */
  waitForGo: string;
  /** Allocates until the kernel ends the process. */
  exhaustMemory: string;
  print(text: string): string;
  readEnv(name: string): string;
}

export const python: Language = {
  runtime: 'python',
  remember: 'kept = 41',
  recall: 'kept + 1',
  waitForGo:
    'import os, time\nprint("waiting", flush=True)\nwhile not os.path.exists("go"):\n    time.sleep(0.01)',
  // Shared memory, which no limit of the interpreter's own refuses.
  exhaustMemory:
    'import mmap\nkept = mmap.mmap(-1, 1 << 30)\nfor _ in range(1 << 10):\n    kept.write(bytes(1 << 20))',
  print: (text) => `print(${JSON.stringify(text)})`,
  readEnv: (name) => `import os\nos.environ.get("${name}")`,
};

export const node: Language = {
  runtime: 'node',
  remember: 'const kept = 41',
  recall: 'kept + 1',
  waitForGo:
    'console.log("waiting");\nwhile (!require("fs").existsSync("go")) await new Promise((done) => setTimeout(done, 10));',
  exhaustMemory: 'const kept = [];\nwhile (true) kept.push(Buffer.alloc(8 << 20, 1));',
  print: (text) => `console.log(${JSON.stringify(text)})`,
  readEnv: (name) => `process.env.${name}`,
};
