/* The timeline of a record that is open; apart from load.ts, since not every page needs it. */
import type { Loaded } from './load.ts';
import type { RecordIndex } from './model/record.ts';
import { timeline, type Entry } from './model/timeline.ts';

const timelines = new WeakMap<RecordIndex, { size: number; names: number; entries: Entry[] }>();

/* The timeline of a record, made once for each state of it. */
export function timelineOf(record: Loaded): Entry[] {
    const had = timelines.get(record.index);
    if (had && had.size === record.size && had.names === record.names) {
        return had.entries;
    }
    const entries = timeline(record.index);
    timelines.set(record.index, { size: record.size, names: record.names, entries });
    return entries;
}
