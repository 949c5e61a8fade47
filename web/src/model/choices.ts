/*
 * A patient's choices about who may see the record, as $sharing tells them, and what a choice that is
 * not made yet would do, in plain words.
 */
import { language } from '../texts/area.ts';
import { sharing } from '../texts/sharing.ts';
import { showDate } from './dates.ts';
import { capital, type Ref, type Resource } from './fhir.ts';
import { groups, parameters } from './params.ts';

export interface Choice {
    id: string;
    permit: boolean;
    firm: boolean;
    party: Ref | null; /* null: everybody */
    category: string; /* '': everything */
    purpose: string; /* '': whatever for */
    start: string;
    end: string;
    words: string;
    more: boolean; /* it says more than this: several parties or purposes, exceptions */
}

export interface Relationship {
    party: Ref | null;
    kind: string;
    words: string;
    start: string;
    end: string;
}

export interface Category {
    code: string;
    words: string;
    count: number;
}

export interface Sharing {
    choices: Choice[];
    relationships: Relationship[];
    overrides: Relationship[];
    categories: Category[];
}

export const PURPOSES = ['TREAT', 'ETREAT', 'HOPERAT', 'HRESCH'] as const;

export const partyName = (party: Ref | null): string =>
    party ? party.display || party.reference || sharing().somebody : sharing().everybody;

/* Why somebody may see it. What is not known here is in the node's words, without the name before it. */
export function becauseWords(r: Relationship, own: boolean): string {
    const practice = r.kind === 'registration' && r.party?.reference?.startsWith('Organization/');
    const known: Readonly<Record<string, string>> = sharing().because(own);
    const name = `${partyName(r.party)}, `;
    return (
        known[practice ? 'practice' : r.kind] ??
        (r.words.startsWith(name) ? capital(r.words.slice(name.length)) : r.words)
    );
}

/* An opening; what was said about it follows in the words of who said it. */
export function openedWords(r: Relationship, own: boolean): string {
    const [, said = ''] = r.words.split('which was closed to them');
    return sharing().openedWords(own) + said;
}

export function readSharing(p: Resource): Sharing {
    const relationship = (r: ReturnType<typeof groups>[number]): Relationship => ({
        party: r.reference('party'),
        kind: r.text('kind'),
        words: r.text('words'),
        start: r.text('start'),
        end: r.text('end'),
    });
    return {
        choices: groups(p, 'choice').map((c) => ({
            id: c.text('id'),
            permit: c.flag('permit'),
            firm: c.flag('firm'),
            party: c.reference('party'),
            category: c.coding('category')?.code ?? '',
            purpose: c.coding('purpose')?.code ?? '',
            start: c.text('start'),
            end: c.text('end'),
            words: c.text('words'),
            more:
                ['party', 'category', 'purpose'].some((n) => c.count(n) > 1) ||
                /some entries of|exceptions/.test(c.text('words')),
        })),
        relationships: groups(p, 'relationship').map(relationship),
        overrides: groups(p, 'override').map(relationship),
        categories: groups(p, 'category').map((c) => ({
            code: c.coding('code')?.code ?? '',
            words: c.text('words') || c.coding('code')?.display || '',
            count: c.number('count'),
        })),
    };
}

export type Draft = Omit<Choice, 'id' | 'words' | 'more'>;

export function draftParameters(d: Draft): Resource {
    return parameters([
        ['permit', 'Boolean', d.permit],
        ['party', 'Reference', d.party ? { reference: d.party.reference ?? '' } : null],
        ['category', 'Code', d.category],
        ['purpose', 'Code', d.purpose],
        ['firm', 'Boolean', d.firm || null],
        ['start', 'DateTime', d.start],
        ['end', 'DateTime', d.end],
    ]);
}

export function categoryWords(code: string, categories: Category[]): string {
    const known: Readonly<Record<string, string>> = sharing().categories;
    return known[code] ?? categories.find((c) => c.code === code)?.words ?? code;
}

function purposeSo(code: string): string {
    const known: Readonly<Record<string, { so: string }>> = sharing().purposes;
    return known[code]?.so ?? '';
}

/* 'your mental health entries' with how many there are now. */
function whatWords(d: Draft, categories: Category[]): string {
    const t = sharing();
    if (!d.category) {
        return d.permit ? t.yourRecord : t.anything;
    }
    const n = categories.find((c) => c.code === d.category)?.count ?? 0;
    return t.parts(categoryWords(d.category, categories), n);
}

/* 'Nobody will see anything in your record for research, until 1 March 2027.' */
function chosenWords(d: Draft, categories: Category[]): string {
    const t = sharing();
    const what = whatWords(d, categories);
    const says = d.permit
        ? t.sees(d.party ? partyName(d.party) : t.yourTeams, what)
        : d.party
          ? t.seesNot(partyName(d.party), what)
          : t.nobodySees(what);
    const so = purposeSo(d.purpose);
    const dates = [
        d.start ? t.fromDay(showDate(d.start)) : '',
        d.end ? t.untilDay(showDate(d.end)) : '',
    ].filter(Boolean);
    const when = dates.length ? `, ${dates.join(' ')}` : '';
    return `${capital(says)}${so ? ` ${so}` : ''}${when}.`;
}

/* What would follow, before it is saved. The first says what is chosen, the rest what comes of it. */
export function consequences(d: Draft, categories: Category[]): string[] {
    const t = sharing();
    const chosen = chosenWords(d, categories);
    if (d.permit) {
        return [chosen, t.stillReason, t.endAtOnce];
    }
    const care = !d.purpose || d.purpose === 'TREAT';
    const emergency = !d.purpose || d.purpose === 'ETREAT';
    return [
        chosen,
        d.party ? '' : t.everyTeam,
        care ? t.askAgain : '',
        emergency && d.firm ? t.closed : emergency || care ? t.openable : '',
        t.endChoice,
    ].filter(Boolean);
}

/* A choice in force: in the node's words, which are English, or in ours where they say as much. */
export function choiceWords(c: Choice, categories: Category[]): string {
    return c.words && (c.more || language() === 'en') ? c.words : consequences(c, categories)[0]!;
}
