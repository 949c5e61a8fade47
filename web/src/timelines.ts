/* The timeline of a record that is open; apart from load.ts, since not every page needs it. */
import type { Loaded } from './load.ts';
import type { RecordIndex } from './model/record.ts';
import { timeline, type Entry } from './model/timeline.ts';
import { language } from './texts/area.ts';

interface Made {
    state: string;
    entries: Entry[];
}
const timelines = new WeakMap<RecordIndex, Made>();

/* The timeline of a record, made once for each state of it. `words`: what useLay() gives. */
export function timelineOf(record: Loaded, words = 0): Entry[] {
    const had = timelines.get(record.index);
    const state = [record.size, record.names, language(), words].join(' ');
    if (had?.state === state) {
        return had.entries;
    }
    const entries = timeline(record.index);
    timelines.set(record.index, { state, entries });
    return entries;
}
