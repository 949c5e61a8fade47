/*
 * A patient's choices about who may see the record, as $sharing tells them, and what a choice that is
 * not made yet would do, in plain words.
 */
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

export const PURPOSES: { code: string; label: string; hint: string; so: string }[] = [
    {
        code: 'TREAT',
        label: 'My care',
        hint: 'Looking after me from day to day',
        so: 'for your care',
    },
    { code: 'ETREAT', label: 'Emergency care', hint: 'For example, in A&E', so: 'in an emergency' },
    {
        code: 'HOPERAT',
        label: 'Running the service',
        hint: 'For example, booking and planning',
        so: 'to run the service',
    },
    { code: 'HRESCH', label: 'Research', hint: 'To learn more about health', so: 'for research' },
];

/* Labels that a choice can be about, with words of a patient's own. */
export const CATEGORY_WORDS: Record<string, string> = {
    MH: 'mental health',
    SEX: 'sexual health',
    HIV: 'HIV',
    SUD: 'alcohol and drugs',
    VIO: 'violence and abuse',
    GDIS: 'conditions that run in families',
    'social-care': 'social care',
};

export const partyName = (party: Ref | null): string =>
    party ? party.display || party.reference || 'Somebody' : 'Everybody';

/* 'Dr Rashid, because they are your GP' below the name: only what the name does not say. */
export function becauseWords(r: Relationship): string {
    const name = `${partyName(r.party)}, `;
    return r.words.startsWith(name) ? capital(r.words.slice(name.length)) : r.words;
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

export type Draft = Omit<Choice, 'id' | 'words'>;

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
    return CATEGORY_WORDS[code] ?? categories.find((c) => c.code === code)?.words ?? code;
}

const purposeSo = (code: string): string => PURPOSES.find((p) => p.code === code)?.so ?? '';

/* 'your mental health entries' with how many there are now. */
function whatWords(d: Draft, categories: Category[]): string {
    if (!d.category) {
        return 'anything in your record';
    }
    const n = categories.find((c) => c.code === d.category)?.count ?? 0;
    const now = n ? `${n} now, and new ones` : 'none now, but new ones count too';
    return `the parts about ${categoryWords(d.category, categories)} (${now})`;
}

/* What would follow, before it is saved. The first says what is chosen, the rest what comes of it. */
export function consequences(d: Draft, categories: Category[]): string[] {
    const who = d.party
        ? partyName(d.party)
        : d.permit
          ? 'Everybody who looks after you'
          : 'Nobody';
    const so = purposeSo(d.purpose);
    const dates = [
        d.start ? `from ${showDate(d.start)}` : '',
        d.end ? `until ${showDate(d.end)}` : '',
    ].filter(Boolean);
    const when = dates.length ? `, ${dates.join(' ')}` : '';
    const what = whatWords(d, categories);
    const will = d.permit || !d.party ? 'will' : 'will not';
    const subject = d.permit ? (what === 'anything in your record' ? 'your record' : what) : what;
    const out = [`${capital(who)} ${will} see ${subject}${so ? ` ${so}` : ''}${when}.`];
    if (d.permit) {
        out.push('They must still have a reason to look: you are in their care.');
        out.push('You can end this at any time. It stops at once.');
        return out;
    }
    if (!d.party) {
        out.push('This counts for every team and hospital here. You can still see it yourself.');
    }
    const care = !d.purpose || d.purpose === 'TREAT';
    const emergency = !d.purpose || d.purpose === 'ETREAT';
    if (care) {
        out.push('They may ask you the same questions again, or do a test again.');
    }
    if (emergency && d.firm) {
        out.push(
            'Even in an emergency nobody can open it. ' +
                'If you are too ill to speak, A&E will not know what it says.',
        );
    } else if (emergency || care) {
        out.push(
            'In an emergency a doctor or nurse can open it. They must say why, and we tell you.',
        );
    }
    out.push('You can end this choice at any time.');
    return out;
}

/* A choice in force, in words where the node sent none. */
export function choiceWords(c: Choice, categories: Category[]): string {
    return c.words || consequences(c, categories)[0]!;
}

export const MISSING_WORDS: Record<string, string> = {
    role: 'People with this job cannot see health records.',
    relationship: 'They do not look after you now, so they see nothing.',
    choice: 'You chose not to share this with them.',
    sealed: 'Some parts are sealed.',
};
