/* Checks the whole list of who looked: fetches what is signed, and compares it with what was shown. */
import { json, plainText } from './api.ts';
import { instant } from './model/dates.ts';
import type { Look, Looks } from './model/looks.ts';
import {
    chainEnd,
    checkChain,
    checkProof,
    openStatement,
    ProofError,
    readKey,
    type Link,
    type LogKey,
    type Proven,
    type Statement,
} from './model/tlog.ts';

export interface Checked {
    entries: number; /* all of them, down to the first */
    silent: number; /* entries whose words are erased, or not told yet */
}

/* A list may not say something else than the log does. */
function sameWords(shown: Look, proven: Proven): boolean {
    const event = proven.event;
    if (!event) {
        return true;
    }
    const same = (names: (keyof Look)[]) => names.every((n) => !shown[n] || shown[n] === event[n]);
    if (!same(['name', 'client_name', 'class', 'kind'])) {
        return false;
    }
    /* The rest of a line that stands for several entries is that of the newest. */
    return (
        proven.index !== shown.leaf ||
        (same(['role_name', 'organisation_name', 'relation', 'purpose', 'reason']) &&
            Date.parse(instant(shown.at)) === Number(event.at))
    );
}

interface Place {
    leaf: number;
    look: Look;
}

/* Every entry that lines of a list stand for, by its number. */
export function placesOf(looks: Look[]): Map<number, Place> {
    const places = new Map<number, Place>();
    for (const look of looks) {
        (look.seq ?? []).forEach((seq, i) => {
            if (places.has(seq)) {
                throw new ProofError(`the list has entry ${seq} twice`);
            }
            const one = look.seq?.length === 1 ? look.leaf : -1;
            places.set(seq, { leaf: look.leaves?.[i] ?? one, look });
        });
    }
    return places;
}

/* Whether a list says of an entry what the log does. */
export function checkPlace(place: Place | undefined, proven: Proven): void {
    const { seq } = proven.leaf;
    if (!place) {
        throw new ProofError(`entry ${seq} is missing from the list`);
    }
    if (place.leaf !== proven.index) {
        throw new ProofError(`the proof of entry ${seq} is that of another`);
    }
    if (!sameWords(place.look, proven)) {
        throw new ProofError(`the list says something else about entry ${seq} than the log`);
    }
}

/* What stands on the page: days without a gap, from some entry down to another. */
class Shown {
    private readonly places: Map<number, Place>;
    private readonly from: number;
    private readonly to: number;

    constructor(looks: Look[], entries: number) {
        this.places = placesOf(looks);
        this.from = Infinity;
        this.to = 0;
        for (const seq of this.places.keys()) {
            this.from = Math.min(this.from, seq);
            this.to = Math.max(this.to, seq);
        }
        if (this.to > entries) {
            throw new ProofError(`entry ${this.to} is not in the log`);
        }
    }

    check(proven: Proven): void {
        const { seq } = proven.leaf;
        if (seq >= this.from && seq <= this.to) {
            checkPlace(this.places.get(seq), proven);
        }
    }
}

const PIECE = 100;

interface Piece {
    proofs?: string[];
}

/* One check: what it may read without leaving an entry for each step, and how far it has come. */
class Check {
    private link: Link;
    silent = 0;

    constructor(
        private readonly patient: string,
        private readonly ticket: string,
        private readonly key: LogKey,
        readonly statement: Statement,
        private readonly shown: Shown,
        private readonly signal: AbortSignal,
        private readonly progress: (done: number, of: number) => void,
    ) {
        this.link = chainEnd(statement);
    }

    private read<T>(what: string, count: number): Promise<T> {
        const query = new URLSearchParams({
            before: String(this.link.number + 1),
            count: String(count),
            check: this.ticket,
        });
        return json<T>(
            `/audit/${what}/${encodeURIComponent(this.patient)}?${query}`,
            undefined,
            this.signal,
        );
    }

    private async piece(places: Map<number, Place>, count: number): Promise<void> {
        const { proofs = [] } = await this.read<Piece>('proofs', count);
        if (!proofs.length) {
            throw new ProofError(`entry ${this.link.number} is missing`);
        }
        const proven = await Promise.all(proofs.slice(0, count).map((p) => checkProof(p, this.key)));
        this.link = checkChain(this.statement, proven, this.link);
        for (const p of proven) {
            checkPlace(places.get(p.leaf.seq), p);
            this.shown.check(p);
            this.silent += p.event ? 0 : 1;
        }
        this.progress(this.statement.entries - this.link.number, this.statement.entries);
    }

    /* A page of the list as the node tells it now, and the proofs of all that stands on it. */
    async page(): Promise<void> {
        const top = this.link.number;
        const looks = await this.read<Looks>('patient', PIECE);
        const places = placesOf(looks.entries ?? []);
        const bottom = Math.min(...places.keys());
        if (!places.size || bottom > top || bottom < 1) {
            throw new ProofError(`entry ${top} is missing from the list`);
        }
        while (this.link.number >= bottom) {
            await this.piece(places, Math.min(PIECE, this.link.number - bottom + 1));
        }
    }

    get left(): number {
        return this.link.number;
    }
}

/*
 * Follows the whole chain of a patient from its newest entry to its first, in pieces, and compares
 * each entry with the list that the node gives now and with the lines that stand on the page.
 */
export async function checkList(
    patient: string,
    shown: Look[],
    signal: AbortSignal,
    progress: (done: number, of: number) => void,
): Promise<Checked> {
    const key = await readKey(await plainText('/audit/key', signal));
    const begun = await json<{ statement: string; check: string }>(
        `/audit/check/${encodeURIComponent(patient)}`,
        undefined,
        signal,
    );
    const statement = await openStatement(String(begun.statement), key);
    if (statement.patient !== patient) {
        throw new ProofError('the statement is about somebody else');
    }
    const check = new Check(
        patient,
        begun.check,
        key,
        statement,
        new Shown(shown, statement.entries),
        signal,
        progress,
    );
    while (check.left) {
        await check.page();
    }
    return { entries: statement.entries, silent: check.silent };
}
