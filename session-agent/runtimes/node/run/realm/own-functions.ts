import process from 'node:process';

/** Functions of objects that user code shares, kept from before any of it ran. */
export const { chdir, cpuUsage, cwd, nextTick, resourceUsage } = process;

/** Keeps methods in the object itself, so that user code that replaces them does not reach it. */
export function pinned<T extends object>(holder: T, ...methods: (keyof T)[]): T {
  for (const name of methods) Object.defineProperty(holder, name, { value: holder[name] });
  return holder;
}

const { toString: bufferToString } = Buffer.prototype;

/** The text of bytes, which are not copied. */
export function decode(bytes: Uint8Array, encoding: BufferEncoding = 'utf8'): string {
  const { buffer, byteOffset, byteLength } = bytes;
  return Reflect.apply(bufferToString, Buffer.from(buffer, byteOffset, byteLength), [encoding]);
}
