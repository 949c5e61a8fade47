/* People of one list who could be taken for one another. Pure. */
import { civil } from './dates.ts';
import { list, type Resource } from './fhir.ts';
import { nameOf } from './people.ts';

export type Likeness = 'name' | 'name-and-date';

const folded = (text: string): string =>
    text
        .normalize('NFD')
        .replace(/\p{M}/gu, '')
        .toLowerCase()
        .replace(/[^\p{L}]/gu, '');

/* Family name and first given name, without accents, case and hyphens. '' for who has no name. */
function nameKey(patient: Resource): string {
    const name = nameOf(patient);
    const family = folded(name?.family ?? '');
    const given = folded(list(name?.given)[0] ?? '');
    return family && given ? `${family}/${given}` : folded(name?.text ?? '');
}

const NEAR_DAYS = 31;

/* Within a month; the same day of another year; day and month the wrong way round. */
function datesAlike(a: unknown, b: unknown): boolean {
    const x = civil(a);
    const y = civil(b);
    if (!x?.month || !y?.month || !x.day || !y.day) {
        return true; /* what is not known tells nobody apart */
    }
    const days = Math.abs(Date.parse(String(a)) - Date.parse(String(b))) / 86400000;
    const sameDay = x.day === y.day && x.month === y.month;
    const swapped = x.year === y.year && x.day === y.month && x.month === y.day;
    return days <= NEAR_DAYS || sameDay || swapped;
}

/* By id, for those who are like somebody else of the list. */
export function alikeIn(people: Resource[]): Map<string, Likeness> {
    const byName = new Map<string, Resource[]>();
    for (const p of people) {
        const key = nameKey(p);
        if (key) {
            byName.set(key, [...(byName.get(key) ?? []), p]);
        }
    }
    const out = new Map<string, Likeness>();
    for (const same of byName.values()) {
        for (const p of same) {
            const others = same.filter((o) => o.id !== p.id);
            if (others.length) {
                const near = others.some((o) => datesAlike(o.birthDate, p.birthDate));
                out.set(p.id ?? '', near ? 'name-and-date' : 'name');
            }
        }
    }
    return out;
}
