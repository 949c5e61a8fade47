/* Own entries as forms have them, and back: what is typed, what is wrong with it, what becomes of it. Pure. */
import { civil } from './dates.ts';
import { EMERGENCY, isEmergency } from './contacts.ts';
import { hasCode, list, words, type Concept, type Resource } from './fhir.ts';
import {
    coded,
    firstCode,
    HL7,
    isReading,
    LOINC,
    ofSystem,
    PREFERENCE,
    PREFERENCE_SYSTEM,
    PREFERENCES,
    READING_KINDS,
    READINGS,
    RELATIONS,
    SEVERITIES,
    SNOMED,
    SYMPTOMS,
    UKCORE,
    type Kind,
    type Measure,
    type OtherKind,
    type ReadingKind,
} from './own.ts';

/* ---- what is typed ---- */

/* By field. A draft of it is kept while somebody types. */
export type Typed = Record<string, string>;

const two = (n: number) => String(n).padStart(2, '0');
const TIMED: readonly Kind[] = [...READING_KINDS, 'symptom'];
export const isTimed = (kind: Kind): boolean => TIMED.includes(kind);

export function emptyOf(kind: Kind, now = Date.now()): Typed {
    const at = civil(new Date(now).toISOString())!;
    return isTimed(kind)
        ? { day: String(at.day), month: String(at.month), year: String(at.year), time: at.time! }
        : {};
}

function typedWhen(value: unknown): Typed {
    const c = civil(value);
    return c
        ? {
              day: c.day ? String(c.day) : '',
              month: c.month ? String(c.month) : '',
              year: String(c.year),
              time: c.time ?? '',
          }
        : {};
}

const note = (r: Resource): string => String(list<any>(r.note)[0]?.text ?? '');
const telecom = (r: Resource, system: string): string =>
    String(list<any>(r.telecom).find((t) => t.system === system)?.value ?? '');
const keyOf = (table: Record<string, [string, string]>, c: Concept | undefined): string =>
    Object.keys(table).find((k) => hasCode(c, table[k]![0])) ?? '';

function typedReading(kind: ReadingKind, r: Resource): Typed {
    const out: Typed = { ...typedWhen(r.effectiveDateTime), note: note(r) };
    for (const m of READINGS[kind].measures) {
        const at =
            m.field === 'value'
                ? r
                : list<any>(r.component).find((c) => hasCode(c.code, firstCode(m.code)));
        out[m.field] = String(at?.valueQuantity?.value ?? '');
    }
    return out;
}

/* An entry as its form shows it. */
export function typedOf(kind: Kind, r: Resource): Typed {
    if (isReading(kind)) {
        return typedReading(kind, r);
    }
    switch (kind) {
        case 'symptom': {
            const key = keyOf(SYMPTOMS, r.code);
            return {
                ...typedWhen(r.effectiveDateTime),
                what: key || 'other',
                other: key ? '' : words(r.code),
                bad: keyOf(SEVERITIES, list<any>(r.component)[0]?.valueCodeableConcept),
                note: note(r),
            };
        }
        case 'preference':
            return {
                what: ofSystem(r.code, PREFERENCE_SYSTEM) || 'other',
                text: String(r.valueString ?? ''),
            };
        case 'medicine':
            return {
                what: words(r.medicationCodeableConcept),
                dose: String(list<any>(r.dosage)[0]?.text ?? ''),
                reason: words(list<Concept>(r.reasonCode)[0]),
                taking: r.status === 'active' ? 'yes' : 'no',
            };
        case 'allergy':
            return {
                what: words(r.code),
                reaction: words(list<Concept>(list<any>(r.reaction)[0]?.manifestation)[0]),
                note: note(r),
            };
        default: {
            const name = list<any>(r.name)[0];
            return {
                name: String(name?.text ?? ''),
                relation: keyOf(RELATIONS, list<Concept>(r.relationship).find((c) => keyOf(RELATIONS, c))),
                phone: telecom(r, 'phone'),
                email: telecom(r, 'email'),
                emergency: list<Concept>(r.relationship).some(isEmergency) ? 'yes' : '',
            };
        }
    }
}

/* ---- what is wrong with it ---- */

export interface Wrong {
    field: string;
    why: 'missing' | 'number' | 'range' | 'digits' | 'date' | 'future' | 'time' | 'order' | 'long';
    least?: number;
    most?: number;
}

export const WORDS_MOST = 1000;

const NUMBER = /^\d{1,4}(?:\.\d{1,3})?$/;

/* The point may be a comma, as on some keyboards. */
const tidy = (typed: string | undefined): string => (typed ?? '').trim().replace(',', '.');

function wrongMeasure(m: Measure, typed: Typed): Wrong[] {
    const said = tidy(typed[m.field]);
    const { least, most, field } = m;
    if (!said) {
        return [{ field, why: 'missing' }];
    }
    if (!NUMBER.test(said)) {
        return [{ field, why: 'number' }];
    }
    if (Number(said) < least || Number(said) > most) {
        return [{ field, why: 'range', least, most }];
    }
    return (said.split('.')[1]?.length ?? 0) > m.digits ? [{ field, why: 'digits', most: m.digits }] : [];
}

/* Milliseconds of a time of day in London; NaN for a day that there is not. */
function londonTime(typed: Typed): number {
    const [year, month, day] = [typed.year, typed.month, typed.day].map((t) => Number(tidy(t)));
    const clock = /^(\d{1,2})[:.](\d{2})$/.exec(tidy(typed.time).replace(/^$/, '12:00'));
    const wanted = Date.UTC(year!, month! - 1, day!, Number(clock?.[1]), Number(clock?.[2]));
    const d = new Date(wanted);
    if (d.getUTCMonth() !== month! - 1 || d.getUTCDate() !== day) {
        return NaN;
    }
    /* the clock is an hour ahead of it in summer */
    const there = civil(d.toISOString())!;
    const [hour] = there.time!.split(':').map(Number);
    const ahead = (hour! - d.getUTCHours() + 24) % 24;
    return wanted - ahead * 3600000;
}

function wrongWhen(typed: Typed, now: number): Wrong[] {
    if (!tidy(typed.day) || !tidy(typed.month) || !tidy(typed.year)) {
        return [{ field: 'day', why: 'missing' }];
    }
    const time = tidy(typed.time);
    if (time && !/^([01]?\d|2[0-3])[:.][0-5]\d$/.test(time)) {
        return [{ field: 'time', why: 'time' }];
    }
    const at = londonTime(typed);
    if (Number.isNaN(at) || !/^(19|20)\d\d$/.test(tidy(typed.year))) {
        return [{ field: 'day', why: 'date' }];
    }
    const dayOnly = time ? 0 : 12 * 3600000;
    return at - dayOnly > now + 5 * 60000 ? [{ field: 'day', why: 'future' }] : [];
}

const NEEDS: Record<OtherKind, readonly string[]> = {
    symptom: ['what', 'bad'],
    preference: ['what', 'text'],
    medicine: ['what', 'taking'],
    allergy: ['what'],
    contact: ['name', 'relation'],
};

/* In the order of the form. */
export function wrongOf(kind: Kind, typed: Typed, now = Date.now()): Wrong[] {
    const out: Wrong[] = [];
    if (isReading(kind)) {
        out.push(...READINGS[kind].measures.flatMap((m) => wrongMeasure(m, typed)));
        if (!out.length && kind === 'pressure' && Number(typed.high) <= Number(typed.low)) {
            out.push({ field: 'low', why: 'order' });
        }
    } else {
        out.push(
            ...NEEDS[kind]
                .filter((field) => !tidy(typed[field]))
                .map((field): Wrong => ({ field, why: 'missing' })),
        );
        if (kind === 'symptom' && typed.what === 'other' && !tidy(typed.other)) {
            out.splice(0, 0, { field: 'other', why: 'missing' });
        }
        if (kind === 'contact' && !tidy(typed.phone) && !tidy(typed.email)) {
            out.push({ field: 'phone', why: 'missing' });
        }
    }
    if (isTimed(kind)) {
        out.push(...wrongWhen(typed, now));
    }
    for (const [field, said] of Object.entries(typed)) {
        if (said.length > WORDS_MOST) {
            out.push({ field, why: 'long', most: WORDS_MOST });
        }
    }
    return out;
}

/* ---- what becomes of it ---- */

function when(typed: Typed): string {
    const day = `${tidy(typed.year)}-${two(Number(tidy(typed.month)))}-${two(Number(tidy(typed.day)))}`;
    return tidy(typed.time) ? new Date(londonTime(typed)).toISOString().replace('.000Z', 'Z') : day;
}

const quantity = (m: Measure, typed: Typed) => ({
    value: Number(tidy(typed[m.field])),
    unit: m.unit,
    system: 'http://unitsofmeasure.org',
    code: m.ucum,
});
const category = (code: string) => [
    { coding: [{ system: `${HL7}/observation-category`, code }] },
];
const notes = (typed: Typed) => {
    const text = (typed.note ?? '').trim();
    return { note: text ? [{ text }] : undefined };
};

function observation(kind: Kind, typed: Typed, me: { reference: string }): Partial<Resource> {
    const more = { subject: me, performer: [me], ...notes(typed) };
    if (isReading(kind)) {
        const { code, measures } = READINGS[kind];
        return {
            category: category('vital-signs'),
            code,
            effectiveDateTime: when(typed),
            ...more,
            ...(measures.length > 1
                ? {
                      component: measures.map((m) => ({
                          code: m.code,
                          valueQuantity: quantity(m, typed),
                      })),
                  }
                : { valueQuantity: quantity(measures[0]!, typed) }),
        };
    }
    if (kind === 'preference') {
        const said = PREFERENCES[typed.what!] ?? PREFERENCES.other!;
        return {
            category: category('survey'),
            code: coded(
                said,
                [LOINC, PREFERENCE, 'Care experience preference'],
                [PREFERENCE_SYSTEM, typed.what!, said],
            ),
            ...more,
            valueString: typed.text!.trim(),
        };
    }
    const known = SYMPTOMS[typed.what!];
    const bad = SEVERITIES[typed.bad!]!;
    return {
        category: category('survey'),
        code: known ? coded(known[1], [SNOMED, ...known]) : { text: typed.other!.trim() },
        effectiveDateTime: when(typed),
        ...more,
        valueCodeableConcept: coded('Present', [SNOMED, '52101004', 'Present']),
        component: [
            {
                code: coded('Severity', [SNOMED, '246112005', 'Severity']),
                valueCodeableConcept: coded(bad[1], [SNOMED, ...bad]),
            },
        ],
    };
}

function medicine(typed: Typed, me: { reference: string }, today: string): Partial<Resource> {
    const dose = (typed.dose ?? '').trim();
    const reason = (typed.reason ?? '').trim();
    return {
        status: typed.taking === 'yes' ? 'active' : 'stopped',
        medicationCodeableConcept: { text: typed.what!.trim() },
        subject: me,
        informationSource: me,
        dateAsserted: today,
        reasonCode: reason ? [{ text: reason }] : undefined,
        dosage: dose ? [{ text: dose }] : undefined,
    };
}

function allergy(typed: Typed, me: { reference: string }, today: string): Partial<Resource> {
    const reaction = (typed.reaction ?? '').trim();
    const state = (system: string, code: string) => ({
        coding: [{ system: `${HL7}/${system}`, code }],
    });
    return {
        clinicalStatus: state('allergyintolerance-clinical', 'active'),
        verificationStatus: state('allergyintolerance-verification', 'unconfirmed'),
        code: { text: typed.what!.trim() },
        patient: me,
        asserter: me,
        recordedDate: today,
        reaction: reaction ? [{ manifestation: [{ text: reaction }] }] : undefined,
        ...notes(typed),
    };
}

function contact(typed: Typed, me: { reference: string }): Partial<Resource> {
    const relation = RELATIONS[typed.relation!]!;
    const points = [
        ['phone', typed.phone],
        ['email', typed.email],
    ]
        .map(([system, value]) => ({ system, value: (value ?? '').trim() }))
        .filter((p) => p.value);
    return {
        active: true,
        patient: me,
        name: [{ text: typed.name!.trim() }],
        relationship: [
            /* the word as it is spelt here; the display of the code is American */
            coded(relation[1].replace(/bor$/, 'bour'), [`${HL7}/v3-RoleCode`, ...relation]),
            ...(typed.emergency === 'yes'
                ? [{ coding: [EMERGENCY], text: 'Emergency contact' }]
                : []),
        ],
        telecom: points,
    };
}

const TYPES: Record<OtherKind, string> = {
    symptom: 'Observation',
    preference: 'Observation',
    medicine: 'MedicationStatement',
    allergy: 'AllergyIntolerance',
    contact: 'RelatedPerson',
};

export const typeOf = (kind: Kind): string => (isReading(kind) ? 'Observation' : TYPES[kind]);

/* Keys that the portal gives to what it makes. */
export const KEYS = 'https://kith.care/fhir/NamingSystem/portal-entry';

/* The entry that is saved; of `before`, the one that is changed, what the form has not stays. */
export function resourceOf(
    kind: Kind,
    typed: Typed,
    patient: string,
    before: Resource | null = null,
    key = '' /* by which a new one can be found again */,
    now = Date.now(),
): Resource {
    const me = { reference: `Patient/${patient}` };
    const today = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
    const type = typeOf(kind);
    const profile = isReading(kind) && READINGS[kind].profile;
    const made =
        type === 'Observation'
            ? { status: before ? 'amended' : 'final', ...observation(kind, typed, me) }
            : kind === 'medicine'
              ? medicine(typed, me, today)
              : kind === 'allergy'
                ? allergy(typed, me, today)
                : contact(typed, me);
    const meta = profile ? { meta: { profile: [`${UKCORE}${profile}`] } } : {};
    const found = key ? { identifier: [{ system: KEYS, value: key }] } : {};
    const all: Resource = { ...(before ?? { ...meta, ...found }), resourceType: type, ...made };
    for (const name of Object.keys(all)) {
        if (all[name] === undefined) {
            delete all[name];
        }
    }
    return all;
}
