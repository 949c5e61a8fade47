/* A stored entry as answers of its form, and what changed between two of them. */
import {
    readDay,
    SECTIONS,
    SECTION_TITLES,
    type Answer,
    type Coded,
    type Form,
} from './entry-forms.ts';
import type { Kind } from './entry-kinds.ts';
import { civil, showDate, type Civil } from './dates.ts';
import { list, statusCode, words, type Concept, type Resource } from './fhir.ts';
import { MEASURES, PANELS } from './measures.ts';
import { entryForms } from '../texts/entry-forms.ts';
import { isCarer, isEmergency } from './contacts.ts';
import { resourceOf, type Writing } from './entry-make.ts';
import { plainName } from './people.ts';

const coded = (c: Concept | undefined): Coded => {
    const coding = list(c?.coding).find((x) => x.code);
    return { text: words(c), ...(coding ? { coding } : {}) };
};
const noteOf = (r: Resource): string =>
    list<any>(r.note)
        .map((n) => n.text)
        .filter(Boolean)
        .join('\n');
const saidOf = (r: Resource): string =>
    list<any>(r.extension).find((e) => /StructureDefinition\/said$/.test(e.url ?? ''))
        ?.valueString ?? '';
/* As it is typed: 27/3/2026. */
const typed = (value: unknown): string => {
    const c = civil(value);
    return !c
        ? ''
        : c.day
          ? `${c.day}/${c.month}/${c.year}`
          : c.month
            ? showDate(value).replace(/-/g, ' ')
            : String(c.year);
};

const ENTITIES: Record<string, string> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    nbsp: ' ',
};

/* The text of a narrative, without its marks. */
export const textOfDiv = (div: string): string =>
    div
        .replace(/<\/(p|div|li|h\d|tr)>|<br\s*\/?>/g, '\n')
        .replace(/<[^>]*>/g, '')
        .replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (_, dec, hex, name) =>
            dec || hex
                ? String.fromCodePoint(dec ? Number(dec) : parseInt(hex, 16))
                : (ENTITIES[name] ?? ''),
        )
        .trim();

const plainText = (data: string): string => {
    try {
        return new TextDecoder().decode(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)));
    } catch {
        return '';
    }
};

function letterForm(r: Resource): Form {
    const text = plainText(list<any>(r.content)[0]?.attachment?.data ?? '');
    const m = /^To: (.*)\n\n([\s\S]*)$/.exec(text);
    return {
        to: m?.[1] ?? '',
        title: r.description ?? list<any>(r.content)[0]?.attachment?.title ?? '',
        body: m?.[2] ?? text,
        copy: 'no',
    };
}

function observationForm(r: Resource): Form {
    const out: Form = { when: typed(r.effectiveDateTime), note: noteOf(r) };
    const has = (c: Concept | undefined, codes: { code?: string }[]) =>
        list(c?.coding).some((x) => codes.some((y) => y.code === x.code));
    for (const m of MEASURES) {
        const panel = m.of ? PANELS[m.of]! : null;
        const holder = panel
            ? has(r.code, panel.codes)
                ? list<any>(r.component).find((p) => has(p.code, m.codes))
                : undefined
            : has(r.code, m.codes)
              ? r
              : undefined;
        if (holder?.valueQuantity?.value !== undefined) {
            out[m.key] = String(holder.valueQuantity.value);
        }
    }
    return out;
}

function medicineForm(r: Resource): Form {
    const c = coded(r.medicationCodeableConcept);
    const display = c.coding?.display ?? '';
    /* 'Amoxicillin 500mg capsules' is the words of the code and then the form */
    const split = display && c.text.startsWith(`${display} `);
    const period = r.dispenseRequest?.validityPeriod ?? r.effectivePeriod;
    return {
        code: split ? { ...c, text: display } : c,
        product: split ? c.text.slice(display.length + 1) : '',
        dose: list<any>(r.dosageInstruction ?? r.dosage)[0]?.text ?? '',
        reason: coded(list<Concept>(r.reasonCode)[0]),
        status: r.status ?? '',
        start: typed(period?.start),
        end: typed(period?.end),
        note: noteOf(r),
    };
}

const yes = (so: boolean): string => (so ? 'yes' : 'no');
const isPhone = (t: any): boolean => t.system === 'phone' && t.use !== 'old';

function contactForm(r: Resource): Form {
    const all = list<Concept>(r.relationship);
    const offered = entryForms().contact.relation.options as Record<string, string>;
    const coding = all
        .flatMap((c) => list(c.coding))
        .find((c) => /v3-RoleCode$/.test(c.system ?? '') && offered[c.code ?? '']);
    return {
        name: plainName(list<any>(r.name)[0]),
        relation: coding?.code ?? '',
        phone: list<any>(r.telecom).find(isPhone)?.value ?? '',
        carer: yes(all.some(isCarer)),
        emergency: yes(all.some(isEmergency)),
    };
}

export function formFrom(kind: Kind, r: Resource): Form {
    switch (kind) {
        case 'note':
            return {
                reason: { text: r.title ?? '' },
                visit: '',
                ...Object.fromEntries(
                    SECTIONS.map((s) => [
                        s,
                        textOfDiv(
                            list<any>(r.section).find((x) => x.title === SECTION_TITLES[s])?.text
                                ?.div ?? '',
                        ),
                    ]),
                ),
            };
        case 'problem':
            return {
                code: coded(r.code),
                said: saidOf(r),
                onset: typed(r.onsetDateTime),
                status: statusCode(r.clinicalStatus) || 'active',
                certainty: statusCode(r.verificationStatus) || 'confirmed',
                end: typed(r.abatementDateTime),
                note: noteOf(r),
            };
        case 'allergy':
            return {
                code: coded(r.code),
                said: saidOf(r),
                reaction: coded(list<any>(r.reaction)[0]?.manifestation?.[0]),
                severity: list<any>(r.reaction)[0]?.severity ?? '',
                criticality: r.criticality ?? '',
                certainty: statusCode(r.verificationStatus) || 'confirmed',
                status: statusCode(r.clinicalStatus) || 'active',
                onset: typed(r.onsetDateTime),
                note: noteOf(r),
            };
        case 'medicine':
            return medicineForm(r);
        case 'observation':
            return observationForm(r);
        case 'letter':
            return letterForm(r);
        case 'contact':
            return contactForm(r);
        case 'task':
            return {};
    }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/* Two answers are the same when a reader would say so: dates by their day, words by their letters. */
export function sameAnswer(a: Answer | undefined, b: Answer | undefined, now: Civil): boolean {
    const plain = (x: Answer | undefined) =>
        typeof x === 'object'
            ? `${x.text.trim()}|${x.coding?.code ?? ''}`
            : readDay(x ?? '', now) || (x ?? '').trim();
    return plain(a) === plain(b);
}

export interface Operation {
    op: 'add' | 'remove' | 'replace';
    path: string;
    value?: unknown;
}

/* Of a list, what the form knows nothing of stays: another system's section, an e-mail address. */
const partKey: Record<string, (part: any) => string> = {
    section: (s) => String(s.title ?? ''),
    relationship: (c) => list<any>(c.coding)[0]?.code ?? '',
    telecom: (c) => `${c.system} ${String(c.value ?? '').trim()}`,
};
function withTheRest(name: string, is: unknown, was: unknown, stored: unknown): unknown {
    const key = partKey[name];
    if (!key) {
        return is;
    }
    const known = list<any>(was as any[]).map(key);
    const rest = list<any>(stored as any[]).filter((part) => !known.includes(key(part)));
    const all = [...list<any>(is as any[]), ...rest];
    return all.length ? all : undefined;
}

const NEVER = ['id', 'meta', 'recordedDate', 'authoredOn', 'dateAsserted', 'date', 'identifier'];

/*
 * What has to be changed in the stored entry so that it says what the form says: only members that the
 * changed answers are in. Everything else of it stays as it is, byte for byte.
 */
export function changes(
    kind: Kind,
    stored: Resource,
    before: Form,
    after: Form,
    w: Writing,
): Operation[] {
    const writing = { ...w, prescribes: stored.resourceType === 'MedicationRequest' };
    const was = resourceOf(kind, before, writing) ?? ({} as Resource);
    const is = resourceOf(kind, after, writing) ?? ({} as Resource);
    const out: Operation[] = [];
    for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
        if (NEVER.includes(name) || same(was[name], is[name])) {
            continue;
        }
        const value = withTheRest(name, is[name], was[name], stored[name]);
        if (value === undefined) {
            if (stored[name] !== undefined) {
                out.push({ op: 'remove', path: `/${name}` });
            }
        } else {
            out.push({ op: 'add', path: `/${name}`, value });
        }
    }
    return out;
}

export interface Difference {
    name: string;
    before: Answer | undefined;
    mine: Answer | undefined;
    theirs: Answer | undefined;
    both: boolean; /* both changed it, not to the same */
}

/* Field by field: what one of the two has changed. */
export function differences(
    names: readonly string[],
    before: Form,
    mine: Form,
    theirs: Form,
    now: Civil,
): Difference[] {
    return names
        .map((name) => ({ name, before: before[name], mine: mine[name], theirs: theirs[name] }))
        .filter((d) => !sameAnswer(d.mine, d.theirs, now))
        .map((d) => ({
            ...d,
            both: !sameAnswer(d.before, d.mine, now) && !sameAnswer(d.before, d.theirs, now),
        }));
}

/* What each of the two changed alone stands; of what both changed, what was chosen. */
export function merged(
    mine: Form,
    theirs: Form,
    all: Difference[],
    chosen: Record<string, 'mine' | 'theirs'>,
    now: Civil,
): Form {
    const out: Form = { ...theirs };
    for (const d of all) {
        const own = d.both ? chosen[d.name] === 'mine' : sameAnswer(d.before, d.theirs, now);
        const value = own ? mine[d.name] : theirs[d.name];
        if (value !== undefined) {
            out[d.name] = value;
        }
    }
    return out;
}
