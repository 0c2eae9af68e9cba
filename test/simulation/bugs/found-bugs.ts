import type { PlantedBug } from './planted-bug.ts';

/** Bugs of the product that simulations found, as they were before their fix. */
export const foundBugs: readonly PlantedBug[] = [
  {
    name: 'output-during-wait-dropped',
    breaks: 'events-complete',
    why: 'Output that is written while a reader of events waits is reported to it as dropped.',
    patches: [
      {
        file: 'session-agent/steps/event-reader.ts',
        from: '      if (!record && this.#hasUnreadBefore(item.seq)) continue;\n',
        to: '',
      },
    ],
  },
];
