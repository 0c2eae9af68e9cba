import type { RandomStream } from '../../kernel/random-stream.ts';

/** Few addresses, so that each is soon used again by something else. */
export class AddressPool {
  readonly #free: string[];
  readonly #random: RandomStream;

  constructor(prefix: string, size: number, random: RandomStream) {
    this.#free = Array.from({ length: size }, (_, index) => `${prefix}${index + 1}`);
    this.#random = random;
  }

  /** Undefined if all are in use. */
  take(): string | undefined {
    return this.#free.splice(this.#random.int(this.#free.length), 1)[0];
  }

  release(address: string): void {
    this.#free.push(address);
  }
}
