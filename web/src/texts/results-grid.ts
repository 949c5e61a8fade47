/* The grid of results over time: a page of staff. */
import { area } from './area.ts';

export const en = {
    title: 'Results over time',
    hint: 'Arrow keys move between results, Enter opens one. Home and End go to the ends of a row.',
    caption: (tests: number, days: number) =>
        `${tests} ${tests === 1 ? 'test' : 'tests'} on ${days} ${days === 1 ? 'day' : 'days'}, newest first`,
    find: 'Find a test',
    group: 'Show',
    everything: 'All results',
    outside: 'Outside the range, now or before',
    test: 'Test',
    none: 'No results with a date.',
    noneFit: 'No test fits. Try fewer letters, or show all results.',
    days: 'Days shown',
    daysOf: (n: number) => `Newest ${n}`,
    daysAll: (n: number) => `All ${n}`,
    older: (n: number) =>
        `${n} ${n === 1 ? 'test has' : 'tests have'} only older values. Choose all days to see ${n === 1 ? 'it' : 'them'}.`,
    save: 'Save as a table (CSV)',
    more: (n: number) => `and ${n} more that day`,
    flags: 'Signs: ↑ high, ↓ low, ⇈ ⇊ very high or low, ! not as usual',
    file: 'results',
};

export const resultsGrid = area(en);
