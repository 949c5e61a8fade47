/*
 * A part of a record by itself: what somebody shares, or takes away. Names are put where they were
 * looked up, and ids of other places become ids of FHIR, so that it can be read anywhere.
 */
import { list, localReference, type Bundle, type Ref, type Resource } from './fhir.ts';
import { images } from './images.ts';
import { letters } from './letters.ts';
import { allergies, medicines, problems, vaccinations, type RecordIndex } from './record.ts';
import { results } from './series.ts';

export const SHARE_PARTS = [
    'allergies',
    'medicines',
    'problems',
    'vaccinations',
    'results',
    'letters',
    'images',
] as const;
export type SharePart = (typeof SHARE_PARTS)[number];

/* What a summary has: what keeps somebody safe, and the newest results. */
export const SUMMARY: readonly SharePart[] = [
    'allergies',
    'medicines',
    'problems',
    'vaccinations',
    'results',
];
const NEWEST = 10; /* kinds of results in a summary */
const YEAR_MS = 366 * 24 * 3600 * 1000;

/* The entries of a part; of results the newest of each kind in a summary, else a year of them. */
export function entriesOf(index: RecordIndex, part: SharePart, brief: boolean, now: number): Resource[] {
    switch (part) {
        case 'allergies': {
            const a = allergies(index);
            return [...a.active.map((x) => x.res), ...a.none];
        }
        case 'medicines':
            return medicines(index).current.map((m) => m.res);
        case 'problems':
            return problems(index).active.map((p) => p.res);
        case 'vaccinations':
            return vaccinations(index).given.map((v) => v.res);
        case 'results': {
            const all = results(index);
            return brief
                ? all.slice(0, NEWEST).map((s) => s.points[0]!.res)
                : all.flatMap((s) =>
                      s.points.filter((p) => now - p.time < YEAR_MS).map((p) => p.res),
                  );
        }
        case 'letters':
            return letters(index).map((l) => l.res);
        case 'images':
            return images(index).flatMap((i) => (i.report ? [i.res, i.report] : [i.res]));
    }
}

/* With what an entry is made of: the medicine of a prescription, the results of a report. */
export function withParts(index: RecordIndex, entries: Resource[]): Resource[] {
    const out = new Set<Resource>();
    for (const r of entries) {
        out.add(r);
        const refs: (Ref | undefined)[] = [
            r.medicationReference,
            ...list<Ref>(r.result),
            ...list<Ref>(r.hasMember),
        ];
        refs.map((ref) => index.find(ref, r))
            .filter((x): x is Resource => Boolean(x?.id))
            .forEach((x) => out.add(x));
    }
    return [...out];
}

const plainId = (id: string): string => id.replace('~', '.').slice(0, 64);

function copy(value: unknown, index: RecordIndex, from: Resource): unknown {
    if (Array.isArray(value)) {
        return value.map((v) => copy(v, index, from));
    }
    if (!value || typeof value !== 'object') {
        return value;
    }
    const out: Record<string, unknown> = {};
    for (const [name, v] of Object.entries(value)) {
        out[name] = copy(v, index, from);
    }
    const said = (value as Ref).reference;
    if (typeof said === 'string' && !said.startsWith('#')) {
        const name = index.name(value as Ref, from);
        const at = localReference(said);
        if (name) {
            out.display = name;
        }
        if (at) {
            const [type, id] = at.split('/') as [string, string];
            out.reference = `${type}/${plainId(id)}`;
        }
    }
    return out;
}

/* An entry for reading elsewhere: labels and versions are this node's matter. `from`: the entry that
 * the index knows, where `r` is a change of it. */
export function plainCopy(index: RecordIndex, r: Resource, from = r): Resource {
    const { meta: _meta, text: _text, ...rest } = r;
    const out = copy(rest, index, from) as Resource;
    return { ...out, id: plainId(r.id ?? '') };
}

/* An entry as it is, but for ids of other places, which FHIR could not read ('Y90001~7'). */
export function wholeCopy(r: Resource): Resource {
    const plain = (value: unknown, name = ''): unknown => {
        if (Array.isArray(value)) {
            return value.map((v) => plain(v, name));
        }
        if (value && typeof value === 'object') {
            return Object.fromEntries(Object.entries(value).map(([n, v]) => [n, plain(v, n)]));
        }
        return typeof value === 'string' && name === 'reference' ? value.replace('~', '.') : value;
    };
    return { ...(plain(r) as Resource), id: plainId(r.id ?? '') };
}

/* That nothing is recorded of a part, as FHIR says it: whoever reads a copy must not take what is not
 * there for what was not chosen. */
export const nothingOf = (title: string): Resource => ({
    resourceType: 'List',
    id: `nothing-${title.toLowerCase().replace(/[^a-z]+/g, '-')}`.slice(0, 64),
    status: 'current',
    mode: 'snapshot',
    title,
    emptyReason: {
        coding: [
            {
                system: 'http://terminology.hl7.org/CodeSystem/list-empty-reason',
                code: 'unavailable',
            },
        ],
    },
});

/* Who it is about, as far as whoever reads a copy must know to be sure. */
export function plainPatient(patient: Resource): Resource {
    const { resourceType, id, name, birthDate, gender, identifier } = patient;
    const nhs = list<any>(identifier).filter((i) => /nhs-number$/.test(i.system ?? ''));
    return {
        resourceType,
        id: id ?? '',
        ...(nhs.length ? { identifier: nhs.map((i) => ({ system: i.system, value: i.value })) } : {}),
        name: list<any>(name).slice(0, 1),
        ...(gender ? { gender } : {}),
        ...(birthDate ? { birthDate } : {}),
    };
}

/* `base`: of the node that they come from, 'https://node.example/fhir'. */
export function collection(resources: Resource[], base: string, now: number): Bundle {
    return {
        resourceType: 'Bundle',
        type: 'collection',
        timestamp: new Date(now).toISOString(),
        entry: resources.map((resource) => ({
            fullUrl: `${base}/${resource.resourceType}/${resource.id ?? ''}`,
            resource,
        })),
    };
}
