/* Loads a record and keeps the last one, so that going from tab to tab asks nothing again. */
import { useEffect, useState } from 'preact/hooks';
import { everything, fetchNames, get, Trouble } from './api.ts';
import type { Resource } from './model/fhir.ts';
import { RecordIndex } from './model/record.ts';
import { missingNames } from './model/source.ts';
import { timeline, type Entry } from './model/timeline.ts';

export interface Loaded {
    id: string;
    patient: Resource | null;
    index: RecordIndex;
    done: boolean; /* all pages have come */
    names: number; /* grows when names arrive */
    readAt: number;
    trouble: Trouble | null;
}

let kept: Loaded | null = null;

const asTrouble = (e: unknown): Trouble =>
    e instanceof Trouble ? e : new Trouble('The page could not show this', 'Load it again. If it goes on, tell the people who run this node.', String(e));

async function load(id: string, signal: AbortSignal, show: (l: Loaded) => void): Promise<void> {
    let state: Loaded = { id, patient: null, index: new RecordIndex(), done: false, names: 0, readAt: 0, trouble: null };
    const change = (part: Partial<Loaded>) => {
        if (!signal.aborted) {
            state = { ...state, ...part };
            show(state);
        }
    };
    try {
        const rest = everything(id, signal, (resources) => {
            state.index.add(resources);
        });
        rest.catch(() => undefined);
        const patient = await get(`Patient/${encodeURIComponent(id)}`, signal);
        change({ patient });
        await rest;
        change({ done: true, readAt: Date.now() });
        kept = state;
        const wanted = missingNames(state.index);
        if (wanted.size && (await fetchNames(wanted, state.index.names, signal))) {
            change({ names: state.names + 1 });
            kept = state;
        }
    } catch (e) {
        if (!signal.aborted) {
            change({ trouble: asTrouble(e) });
        }
    }
}

export function useRecord(id: string): { record: Loaded; again: () => void } {
    const [tries, setTries] = useState(0);
    const [record, setRecord] = useState<Loaded | null>(kept?.id === id ? kept : null);
    useEffect(() => {
        if (kept?.id === id && tries === 0) {
            setRecord(kept);
            return undefined;
        }
        const abort = new AbortController();
        setRecord(null);
        void load(id, abort.signal, setRecord);
        return () => abort.abort();
    }, [id, tries]);
    const empty: Loaded = { id, patient: null, index: new RecordIndex(), done: false, names: 0, readAt: 0, trouble: null };
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
