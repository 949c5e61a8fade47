/*
 * What forms offer while somebody types: the node's own list for the field (a ValueSet at PICK), and of SNOMED
 * CT, where it is loaded, what the field can take. Nothing about a patient is asked.
 */
import { get, matchesOf, Trouble } from './api.ts';
import type { CodeSet } from './model/entry-forms.ts';
import { list, plain, type Bundle, type Coding, type Resource } from './model/fhir.ts';
import { plainName } from './model/people.ts';

const PICK = 'https://kith.care/fhir/ValueSet/pick-';
const SCT = 'http://snomed.info/sct?fhir_vs=ecl/';
const MOST = 10;
const LEAST = 2; /* letters */

/* SNOMED CT: findings and situations; substances and allergies; medicinal products. */
const ECL: Record<Exclude<CodeSet, 'staff'>, string> = {
    problem: '<<404684003 OR <<243796009',
    allergy: '<<105590001 OR <<420134006 OR <<716186003',
    reaction: '<<404684003',
    medicine: '<<763158003 OR <<105590001',
};

/* Lists that this node has not: they are not asked for again. */
const missing = new Set<string>();

async function expand(url: string, typed: string, signal: AbortSignal): Promise<Coding[]> {
    if (missing.has(url)) {
        return [];
    }
    try {
        const query = new URLSearchParams({ url, filter: typed, count: String(MOST) });
        const found = await get(`ValueSet/$expand?${query}`, signal);
        return list<Coding>(found.expansion?.contains).filter((c) => c.code && c.display);
    } catch (e) {
        if (e instanceof Trouble && [400, 404, 422].includes(e.status)) {
            missing.add(url);
            return [];
        }
        throw e;
    }
}

async function staff(typed: string, signal: AbortSignal): Promise<Coding[]> {
    const names = typed.split(/\s+/).map((n): [string, string] => ['name', n]);
    const query = new URLSearchParams([...names, ['_count', String(MOST)]]);
    const found = await get<Bundle>(`Practitioner?${query}`, signal);
    return matchesOf(found).map((r: Resource) => ({
        code: `Practitioner/${r.id}`,
        display: plainName(list<any>(r.name)[0]),
    }));
}

export async function suggest(set: CodeSet, said: string, signal: AbortSignal): Promise<Coding[]> {
    const typed = said.trim();
    if (typed.length < LEAST) {
        return [];
    }
    if (set === 'staff') {
        return staff(typed, signal);
    }
    const found = await Promise.all([
        expand(PICK + set, typed, signal),
        expand(SCT + ECL[set], typed, signal),
    ]);
    const seen = new Set<string>();
    /* what begins with the letters stands before what has them later */
    const later = (c: Coding) => Number(!c.display!.toLowerCase().startsWith(typed.toLowerCase()));
    return found
        .flat()
        .filter((c) => !seen.has(c.code!) && seen.add(c.code!))
        .sort((a, b) => later(a) - later(b))
        .slice(0, MOST)
        .map((c) => ({ ...c, display: plain(c.display ?? '') }));
}
