import type { SeedReport } from './seed-report.ts';

const shownViolations = 5;

/** The sums of many seeds. */
export class SeedTally {
  passed = 0;
  readonly failedSeeds: number[] = [];
  steps = 0;
  events = 0;
  #cpuSeconds = 0;
  #virtualSeconds = 0;
  #peakMemoryMb = 0;

  add(report: SeedReport): void {
    if (report.violations.length > 0) this.failedSeeds.push(report.seed);
    else this.passed += 1;
    this.steps += report.steps;
    this.events += report.events;
    this.#cpuSeconds += report.cpuSeconds;
    this.#virtualSeconds += report.virtualSeconds;
    this.#peakMemoryMb = Math.max(this.#peakMemoryMb, report.peakMemoryMb);
  }

  summary(): string {
    const rate = (count: number) => Math.round(count / (this.#cpuSeconds || 1));
    return [
      `${this.steps} steps and ${this.events} events in ${(this.#virtualSeconds / 3600).toFixed(1)} virtual hours`,
      `${rate(this.steps)} steps and ${rate(this.events)} events per CPU second, ${Math.round(this.#cpuSeconds)} CPU seconds, ${this.#peakMemoryMb} MB`,
      ...this.failedSeeds.map((seed) => `failed: seed ${seed}`),
      `${this.passed} passed, ${this.failedSeeds.length} failed`,
    ].join('\n');
  }
}

export function describeSeed(report: SeedReport): string {
  const { seed, hash, events, steps, virtualSeconds, cpuSeconds, weather, accidents } = report;
  const violations = report.violations.map(({ rule, what }) => `  ${rule}: ${what}`);
  const more = violations.length - shownViolations;
  return [
    `seed ${seed}: hash ${hash}, ${steps} steps, ${events} events, ${virtualSeconds} virtual seconds, ${cpuSeconds.toFixed(1)} CPU seconds, ${accidents} accidents, weather ${weather.join(',') || 'none'}`,
    ...violations.slice(0, shownViolations),
    ...(more > 0 ? [`  and ${more} more violations`] : []),
    ...(violations.length > 0 ? [`  make simulate SEED=${seed} TRACE=1`] : []),
  ].join('\n');
}
