/*
 * Reads a record, part by part, from all places that hold something of a person, and keeps it while
 * its pages are open: going from page to page asks for nothing again. What this node holds itself is
 * shown at once; what others answer is put to it when it comes.
 */
import { useEffect, useState } from 'preact/hooks';
import { fetchForms, fetchNames, get, inWords, nextPath, tellsWithheld, matchesOf, Trouble } from './api.ts';
import type { Bundle, Resource } from './model/fhir.ts';
import { answersOf, takeJoined, together, type Answers } from './model/places.ts';
import { RecordIndex } from './model/record.ts';
import { readInstant } from './offline-state.ts';
import { missingForms, missingNames } from './model/source.ts';
import { trouble } from './texts/trouble.ts';

/* What a page needs of a record: these types; 'recent' is the newest of the results. */
export const PARTS = {
    safety: [
        'AllergyIntolerance',
        'Flag',
        'Condition',
        'MedicationRequest',
        'MedicationStatement',
        'MedicationDispense',
        'Immunization',
    ],
    recent: ['Observation'],
    results: ['Observation', 'DiagnosticReport'],
    documents: ['DocumentReference', 'Composition', 'ImagingStudy', 'Media'],
    care: [
        'CareTeam',
        'CarePlan',
        'Goal',
        'ServiceRequest',
        'Appointment',
        'EpisodeOfCare',
        'RelatedPerson',
        'Communication',
        'Task',
        'QuestionnaireResponse',
    ],
    all: [] as string[] /* whatever there is */,
} as const;
export type Part = keyof typeof PARTS;

export interface Loaded {
    id: string;
    patient: Resource | null;
    index: RecordIndex;
    has: ReadonlySet<Part>; /* of this node */
    joined: ReadonlySet<Part>; /* of all places */
    size: number; /* grows with each entry */
    names: number; /* grows when names arrive */
    readAt: number;
    trouble: Trouble | null;
    elsewhere: Trouble | null; /* why other places could not be asked */
    answers: Answers | null; /* null: nobody has been asked yet */
    withheld: boolean; /* the node says that something is not shown */
    closed: boolean; /* who asks sees who the person is, and nothing of the record */
    done: boolean; /* all that the page needs is here, of this node */
    joining: boolean; /* other places are being asked for it */
}

export const asTrouble = (e: unknown): Trouble =>
    e instanceof Trouble ? e : inWords(trouble().notShown, String(e));

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

const PAGE = 400; /* entries: what a slow telephone unpacks without a pause that is felt */
const PAGES_MOST = 500;
const RECENT = 100;
const PATIENCE_MS = 300;

/* Whether it has ended well within so many milliseconds; whatever comes later is its own matter. */
const within = (work: Promise<void>, ms: number): Promise<boolean> =>
    Promise.race([
        work.then(
            () => true,
            () => false,
        ),
        new Promise<boolean>((done) => setTimeout(done, ms, false)),
    ]);

class Reading {
    state: Loaded;
    readonly shows = new Set<(l: Loaded) => void>();
    private readonly abort = new AbortController();
    private readonly asked = new Map<Part, Promise<void>>();
    private readonly begun: Promise<void>;

    constructor(
        readonly id: string,
        staff: boolean,
    ) {
        this.state = {
            id,
            patient: null,
            index: new RecordIndex(),
            has: new Set(),
            joined: new Set(),
            size: 0,
            names: 0,
            readAt: 0,
            trouble: null,
            elsewhere: null,
            answers: null,
            withheld: false,
            closed: false,
            done: false,
            joining: false,
        };
        this.begun = this.begin(staff);
        this.begun.catch((e) => this.fail(e));
    }

    end(): void {
        this.abort.abort();
    }

    private change(part: Partial<Loaded>): void {
        if (!this.abort.signal.aborted) {
            this.state = { ...this.state, ...part, size: this.state.index.all.length };
            this.shows.forEach((show) => show(this.state));
        }
    }

    private fail(e: unknown): void {
        if (!this.abort.signal.aborted) {
            this.change({ trouble: asTrouble(e) });
        }
    }

    private async begin(staff: boolean): Promise<void> {
        const { signal } = this.abort;
        const closed = staff ? isClosed(this.id, signal) : Promise.resolve(false);
        const patient = await get(`Patient/${encodeURIComponent(this.id)}`, signal);
        this.state.index.add([patient]);
        this.change({ patient });
        this.change({ closed: await closed });
    }

    /* Asks for a part that was not asked for yet, alone or within a larger one. */
    need(part: Part): void {
        const larger: Part[] = part === 'recent' ? ['recent', 'results', 'all'] : [part, 'all'];
        if (!larger.some((p) => this.asked.has(p))) {
            this.asked.set(part, this.read(part));
        }
    }

    /*
     * All places are asked at once, this one among them. What keeps somebody safe is asked of this one
     * by itself as well, and so is the rest where the others take their time: it does not wait for them.
     */
    private async read(part: Part): Promise<void> {
        const others = this.others(part);
        others.catch(() => undefined);
        try {
            const all = part === 'safety' ? false : await within(others, PATIENCE_MS);
            if (!all) {
                /* what all places have given is enough, without a connection for one */
                await this.own(part).catch((e) => others.catch(() => Promise.reject(e)));
            }
            await this.begun;
            this.change({ has: new Set([...this.state.has, part]), readAt: readInstant() });
            await breath();
            try {
                await others;
            } catch (e) {
                if (this.abort.signal.aborted) {
                    return;
                }
                this.change({ elsewhere: asTrouble(e) });
            }
            this.change({ joined: new Set([...this.state.joined, part]), readAt: readInstant() });
            await this.name();
        } catch (e) {
            /* without a connection a larger part may be on this device, which has this one in it */
            const larger = part === 'recent' ? 'results' : part === 'all' ? null : 'all';
            if (e instanceof Trouble && e.status === 0 && larger) {
                this.need(larger);
            } else {
                this.fail(e);
            }
        }
    }

    private own(part: Part): Promise<void> {
        return this.pages(this.path(part, false), part !== 'recent', (bundle) => {
            this.state.index.add(matchesOf(bundle));
            if (tellsWithheld(bundle)) {
                this.change({ withheld: true });
            }
        });
    }

    private path(part: Part, joined: boolean): string {
        const id = encodeURIComponent(this.id);
        if (part === 'recent') {
            const from = joined ? '&_joined=true' : '';
            return `Observation?patient=${id}&_sort=-date&_count=${RECENT}${from}`;
        }
        const types = PARTS[part].length ? `_type=${PARTS[part].join(',')}&` : '';
        return `Patient/${id}/$${joined ? 'joined' : 'everything'}?${types}_count=${PAGE}`;
    }

    private async pages(
        path: string,
        further: boolean,
        take: (bundle: Bundle) => void,
    ): Promise<void> {
        let next = path;
        for (let n = 0; next; n++) {
            if (n === PAGES_MOST) {
                throw inWords(trouble().tooLong);
            }
            const bundle = await get<Bundle>(next, this.abort.signal);
            take(bundle);
            const following = further ? nextPath(bundle) : '';
            next = following === next ? '' : following;
            await breath();
        }
    }

    private async others(part: Part): Promise<void> {
        const groups = new Map<string, Resource[]>();
        let answers: Answers | null = null;
        await this.pages(this.path(part, true), part !== 'recent', (bundle) => {
            if (!answers) {
                answers = answersOf(bundle);
                this.change({
                    answers: together(this.state.answers, answers),
                    withheld: this.state.withheld || answers.places.some((p) => p.own && p.withheld),
                });
            }
            takeJoined(this.state.index, bundle, answers, groups);
        });
    }

    private async name(): Promise<void> {
        const { signal } = this.abort;
        const { index } = this.state;
        const names = new Map<string, string>();
        const found =
            (await fetchNames(missingNames(index), names, signal)) +
            (await fetchForms(missingForms(index), names, signal));
        index.named(names);
        if (found) {
            this.change({ names: this.state.names + 1 });
        }
    }
}

let kept: Reading | null = null;

/* Another person at the screen, or another role: what was read before is not theirs to see. */
export function forgetRecord(): void {
    kept?.end();
    kept = null;
}

function reading(id: string, staff: boolean): Reading {
    if (kept?.id !== id) {
        forgetRecord();
        kept = new Reading(id, staff);
    }
    return kept!;
}

const holds = (has: ReadonlySet<Part>, needs: readonly Part[]): boolean =>
    has.has('all') || needs.every((n) => has.has(n) || (n === 'recent' && has.has('results')));

/* The record of a person as far as a page needs it; what is here already is not asked for again. */
export function useRecord(
    id: string,
    staff: boolean,
    needs: readonly Part[],
): { record: Loaded; again: () => void } {
    const [tries, setTries] = useState(0);
    const [, turn] = useState(0);
    const now = reading(id, staff);
    const key = needs.join(' ');
    useEffect(() => {
        const show = () => turn((n) => n + 1);
        now.shows.add(show);
        needs.forEach((n) => now.need(n));
        if (staff) {
            now.need('safety'); /* the banner of staff has the allergies on every page */
        }
        return () => {
            now.shows.delete(show);
        };
    }, [now, key, staff, tries]);
    const { state } = now;
    return {
        record: {
            ...state,
            done: state.patient !== null && holds(state.has, needs),
            joining: !holds(state.joined, needs),
        },
        again: () => {
            forgetRecord();
            setTries(tries + 1);
        },
    };
}
