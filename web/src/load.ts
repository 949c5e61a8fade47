/* Loads a record and keeps the last one, so that going from tab to tab asks nothing again. */
import { useEffect, useState } from 'preact/hooks';
import { everything, fetchForms, fetchNames, get, Trouble } from './api.ts';
import type { Resource } from './model/fhir.ts';
import { RecordIndex } from './model/record.ts';
import { missingForms, missingNames } from './model/source.ts';
import { timeline, type Entry } from './model/timeline.ts';

export interface Loaded {
    id: string;
    patient: Resource | null;
    index: RecordIndex;
    done: boolean; /* all pages have come */
    names: number; /* grows when names arrive */
    readAt: number;
    trouble: Trouble | null;
    withheld: boolean; /* the node says that something is not shown */
    closed: boolean; /* who asks sees who the person is, and nothing of the record */
}

let kept: Loaded | null = null;

/* Another person at the screen, or another role: what was read before is not theirs to see. */
export function forgetRecord(): void {
    kept = null;
}

export const asTrouble = (e: unknown): Trouble =>
    e instanceof Trouble
        ? e
        : new Trouble(
              'The page could not show this',
              'Load it again. If it goes on, tell the people who run this node.',
              String(e),
          );

/* Lets the browser show what it has. Not by animation frames: those stop in a hidden tab. */
const breath = () => new Promise((done) => setTimeout(done, 0));

/*
 * Staff find people whom they do not look after: such a record has nothing in it but its name, and
 * must not be taken for one in which nothing is recorded.
 */
const isClosed = (id: string, signal: AbortSignal): Promise<boolean> =>
    get(`Patient/${encodeURIComponent(id)}/$withheld`, signal).then(
        () => false,
        (e) => e instanceof Trouble && [403, 404].includes(e.status),
    );

const nothing = (id: string): Loaded => ({
    id,
    patient: null,
    index: new RecordIndex(),
    done: false,
    names: 0,
    readAt: 0,
    trouble: null,
    withheld: false,
    closed: false,
});

async function load(
    id: string,
    staff: boolean,
    signal: AbortSignal,
    show: (l: Loaded) => void,
): Promise<void> {
    let state = nothing(id);
    const change = (part: Partial<Loaded>) => {
        if (!signal.aborted) {
            state = { ...state, ...part };
            show(state);
        }
    };
    const closed = staff ? isClosed(id, signal) : Promise.resolve(false);
    try {
        const first = get(`Patient/${encodeURIComponent(id)}`, signal).then((patient) => {
            change({ patient });
            return breath();
        });
        const rest = everything(
            id,
            signal,
            first.catch(() => undefined),
            (resources, withheld) => {
                state.index.add(resources);
                if (withheld) {
                    change({ withheld });
                }
            },
        );
        rest.catch(() => undefined);
        await first;
        await rest;
        change({ closed: await closed, done: true, readAt: Date.now() });
        kept = state;
        await breath();
        const names = new Map<string, string>();
        const found =
            (await fetchNames(missingNames(state.index), names, signal)) +
            (await fetchForms(missingForms(state.index), names, signal));
        state.index.named(names);
        if (found) {
            change({ names: state.names + 1 });
            kept = state;
        }
    } catch (e) {
        if (!signal.aborted) {
            change({ trouble: asTrouble(e) });
        }
    }
}

export function useRecord(id: string, staff: boolean): { record: Loaded; again: () => void } {
    const [tries, setTries] = useState(0);
    const [record, setRecord] = useState<Loaded | null>(kept?.id === id ? kept : null);
    useEffect(() => {
        if (kept?.id === id && tries === 0) {
            setRecord(kept);
            return undefined;
        }
        const abort = new AbortController();
        setRecord(null);
        void load(id, staff, abort.signal, setRecord);
        return () => abort.abort();
    }, [id, tries]);
    const empty = nothing(id);
    return {
        record: record?.id === id ? record : empty,
        again: () => {
            kept = null;
            setTries(tries + 1);
        },
    };
}

const timelines = new WeakMap<RecordIndex, { size: number; names: number; entries: Entry[] }>();

/* The timeline of a record, made once for each state of it. */
export function timelineOf(record: Loaded): Entry[] {
    const had = timelines.get(record.index);
    if (had && had.size === record.index.all.length && had.names === record.names) {
        return had.entries;
    }
    const entries = timeline(record.index);
    timelines.set(record.index, { size: record.index.all.length, names: record.names, entries });
    return entries;
}
