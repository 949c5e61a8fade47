/* What a patient wants to know of one medicine, over all entries about it: who started it, when, how much. */
import { sortTime } from './dates.ts';
import { conceptKey, list, type Resource } from './fhir.ts';
import { medicineName, wrong, type RecordIndex } from './record.ts';
import { dosage, showQuantity } from './values.ts';

const RECENT_MS = 28 * 24 * 3600 * 1000;

export interface Supply {
    amount: string; /* '56 tablets' */
    count: number; /* of the units of time that it is enough for; 0: not said */
    unit: 'd' | 'wk' | 'mo' | '';
    repeats: number; /* NaN: not said */
}

export interface MedicineFacts {
    oldest: Resource;
    newest: Resource;
    handedOut: Resource | null; /* by a pharmacy, last */
    supply: Supply;
    isNew: boolean; /* begun in the last four weeks */
    changed: string; /* when the dose was changed, in the last four weeks; '' when it was not */
    before: string; /* the dose until then */
}

export const startOf = (r: Resource): string =>
    r.authoredOn ??
    r.effectiveDateTime ??
    r.effectivePeriod?.start ??
    r.whenHandedOver ??
    r.whenPrepared ??
    r.dateAsserted ??
    '';

function keyOf(index: RecordIndex, r: Resource): string {
    const code = index.find(r.medicationReference, r)?.code;
    return conceptKey(r.medicationCodeableConcept ?? code) || medicineName(index, r).toLowerCase();
}

const byTime = (a: Resource, b: Resource): number =>
    (sortTime(startOf(a)) || 0) - (sortTime(startOf(b)) || 0);

/* '28 capsule' → '28 capsules': units of dm+d are in the singular. */
const several = (amount: string): string =>
    /^1 /.test(amount)
        ? amount
        : amount.replace(
              /(tablet|capsule|sachet|inhaler|bottle|tube|dose|pen|vial|ampoule|device|suppository|patch)$/i,
              (unit) => (/patch$/i.test(unit) ? `${unit}es` : unit.replace(/y$/, 'ie') + 's'),
          );

function supplyOf(r: Resource): Supply {
    const d = r.dispenseRequest ?? r;
    const length = d.expectedSupplyDuration ?? d.daysSupply;
    const code = String(length?.code ?? length?.unit ?? '');
    const unit = /^d/.test(code) ? 'd' : /^w/.test(code) ? 'wk' : /^mo/.test(code) ? 'mo' : '';
    return {
        amount: d.quantity ? several(showQuantity(d.quantity)) : '',
        count: unit ? Number(length?.value ?? 0) || 0 : 0,
        unit,
        repeats: Number(d.numberOfRepeatsAllowed ?? NaN),
    };
}

/* Of the medicine of an entry. `now`: for what is recent. */
export function medicineFacts(index: RecordIndex, res: Resource, now: number): MedicineFacts {
    const key = keyOf(index, res);
    const same = (types: string[]) =>
        index
            .of(...types)
            .filter((r) => !wrong(r) && r.status !== 'draft' && keyOf(index, r) === key)
            .sort(byTime);
    const all = same(['MedicationRequest', 'MedicationStatement']);
    const oldest = all[0] ?? res;
    const newest = all.at(-1) ?? res;
    const recent = (r: Resource) => now - sortTime(startOf(r)) < RECENT_MS;
    const dose = dosage(res);
    const other = all.filter((r) => byTime(r, res) < 0 && dosage(r) && dosage(r) !== dose).at(-1);
    const since = other && all.find((r) => byTime(other, r) < 0 && dosage(r) === dose);
    const changed = since && dose && recent(since) ? startOf(since) : '';
    return {
        oldest,
        newest,
        handedOut: same(['MedicationDispense']).at(-1) ?? null,
        supply: supplyOf(newest.dispenseRequest ? newest : res),
        isNew: oldest === newest && recent(oldest),
        changed,
        before: changed && other ? dosage(other) : '',
    };
}

/* Things that are alike in several places once, with the names of the places that have them, too. */
export function once<T extends { res: Resource }>(
    all: T[],
    index: RecordIndex,
): { thing: T; also: string[] }[] {
    const seen = new Set<Resource>();
    const out: { thing: T; also: string[] }[] = [];
    for (const thing of all) {
        if (seen.has(thing.res)) {
            continue;
        }
        const { alike, also, place } = index.aboutOf(thing.res);
        alike.forEach((r) => seen.add(r));
        const names = [...also, ...alike.map((r) => index.aboutOf(r).place)];
        out.push({ thing, also: [...new Set(names)].filter((p) => p && p !== place) });
    }
    return out;
}

/* The words of notes that people have written beside an entry. */
export const notesOf = (r: Resource): string =>
    list<any>(r.note)
        .map((n) => n.text)
        .filter(Boolean)
        .join('\n');

