/*
 * What becomes of a form: FHIR resources as UK Core has them, in one transaction. Each has an identifier of
 * its form (`key`), so that a form that is sent again after a lost answer is not written twice.
 */
import type { Civil } from './dates.ts';
import {
    answerText,
    readDay,
    SECTIONS,
    SECTION_TITLES,
    type Coded,
    type Form,
} from './entry-forms.ts';
import type { Kind } from './entry-kinds.ts';
import { entryForms } from '../texts/entry-forms.ts';
import { CARER, EMERGENCY } from './contacts.ts';
import type { Coding, Concept, Ref, Resource } from './fhir.ts';
import { parameters } from './params.ts';
import { conceptOf, MEASURES, PANELS, type Measure } from './measures.ts';

export const KEYS = 'https://kith.care/fhir/NamingSystem/entry';
const HL7 = 'http://terminology.hl7.org/CodeSystem/';
const SNOMED = 'http://snomed.info/sct';
const SAID = 'https://kith.care/fhir/StructureDefinition/said';

/* Who writes, about whom, when. */
export interface Writing {
    patient: string; /* id */
    patientName: string;
    author: Ref;
    organisation: Ref | null;
    at: string; /* an instant */
    today: Civil;
    prescribes: boolean;
}

const concept = (system: string, code: string): Concept => ({ coding: [{ system, code }] });

/* The words as they were typed; the code beside them where one was chosen. */
function conceptFrom(answer: Form[string] | undefined): Concept | undefined {
    const text = answerText(answer);
    const coding = typeof answer === 'object' ? (answer as Coded).coding : undefined;
    return text ? { ...(coding ? { coding: [coding] } : {}), text } : undefined;
}

/* Leaves out what is empty: FHIR has no empty values. */
function full(r: Record<string, unknown>): Resource {
    const out: Record<string, unknown> = {};
    for (const [name, v] of Object.entries(r)) {
        if (v !== undefined && v !== '' && v !== null && !(Array.isArray(v) && v.length === 0)) {
            out[name] = v;
        }
    }
    return out as unknown as Resource;
}

const note = (form: Form, w: Writing): unknown[] | undefined => {
    const text = answerText(form.note);
    return text ? [{ authorReference: w.author, time: w.at, text }] : undefined;
};

const said = (form: Form): unknown[] | undefined => {
    const words = answerText(form.said);
    return words ? [{ url: SAID, valueString: words }] : undefined;
};

const subject = (w: Writing): Ref => ({
    reference: `Patient/${w.patient}`,
    display: w.patientName,
});
const day = (form: Form, name: string, w: Writing): string =>
    readDay(answerText(form[name]), w.today);

function problem(form: Form, w: Writing): Resource {
    const refuted = form.certainty === 'refuted';
    return full({
        resourceType: 'Condition',
        extension: said(form),
        clinicalStatus: refuted
            ? undefined
            : concept(`${HL7}condition-clinical`, answerText(form.status)),
        verificationStatus: concept(`${HL7}condition-ver-status`, answerText(form.certainty)),
        category: [concept(`${HL7}condition-category`, 'problem-list-item')],
        code: conceptFrom(form.code),
        subject: subject(w),
        onsetDateTime: day(form, 'onset', w),
        abatementDateTime: form.status === 'active' || refuted ? undefined : day(form, 'end', w),
        recordedDate: w.at,
        recorder: w.author,
        note: note(form, w),
    });
}

function allergy(form: Form, w: Writing): Resource {
    const reaction = conceptFrom(form.reaction);
    const severity = answerText(form.severity);
    return full({
        resourceType: 'AllergyIntolerance',
        extension: said(form),
        clinicalStatus:
            form.certainty === 'refuted'
                ? undefined
                : concept(`${HL7}allergyintolerance-clinical`, answerText(form.status)),
        verificationStatus: concept(
            `${HL7}allergyintolerance-verification`,
            answerText(form.certainty),
        ),
        criticality: answerText(form.criticality),
        code: conceptFrom(form.code),
        patient: subject(w),
        onsetDateTime: day(form, 'onset', w),
        recordedDate: w.at,
        recorder: w.author,
        note: note(form, w),
        reaction: reaction ? [full({ manifestation: [reaction], severity })] : undefined,
    });
}

/* 'Amoxicillin 500mg capsules': the words of the substance, and what was written of its form. */
function medicineConcept(form: Form): Concept | undefined {
    const c = conceptFrom(form.code);
    const product = answerText(form.product);
    return c && product ? { ...c, text: `${c.text} ${product}` } : c;
}

function medicine(form: Form, w: Writing): Resource {
    const reason = conceptFrom(form.reason);
    const dosage = [{ text: answerText(form.dose) }];
    const status = answerText(form.status);
    const period = full({ start: day(form, 'start', w), end: day(form, 'end', w) });
    const common = {
        extension: said(form),
        status,
        medicationCodeableConcept: medicineConcept(form),
        subject: subject(w),
        reasonCode: reason ? [reason] : undefined,
        note: note(form, w),
    };
    if (!w.prescribes) {
        return full({
            resourceType: 'MedicationStatement',
            ...common,
            effectivePeriod: Object.keys(period).length ? period : undefined,
            dateAsserted: w.at,
            informationSource: w.author,
            dosage,
        });
    }
    return full({
        resourceType: 'MedicationRequest',
        ...common,
        intent: 'order',
        authoredOn: w.at,
        requester: w.author,
        dosageInstruction: dosage,
        dispenseRequest: Object.keys(period).length ? { validityPeriod: period } : undefined,
    });
}

const quantity = (m: Measure, typed: string) => ({
    value: typed.trim().replace(',', '.'),
    unit: m.unit,
    system: 'http://unitsofmeasure.org',
    code: m.ucum,
});

const vital = (
    codes: Coding[],
    label: string,
    form: Form,
    w: Writing,
): Record<string, unknown> => ({
    resourceType: 'Observation',
    status: 'final',
    category: [concept(`${HL7}observation-category`, 'vital-signs')],
    code: conceptOf(codes, label),
    subject: subject(w),
    effectiveDateTime:
        day(form, 'when', w) && day(form, 'when', w) !== w.at.slice(0, 10)
            ? day(form, 'when', w)
            : w.at,
    performer: [w.author],
});

/* One resource for each measurement that has a number; both numbers of a blood pressure are one. */
export function observations(form: Form, w: Writing): Resource[] {
    const given = MEASURES.filter((m) => answerText(form[m.key]));
    const out: Resource[] = [];
    for (const [key, panel] of Object.entries(PANELS)) {
        const parts = given.filter((m) => m.of === key);
        if (parts.length) {
            out.push(
                full({
                    ...vital(panel.codes, panel.label, form, w),
                    note: note(form, w),
                    component: parts.map((m) => ({
                        code: conceptOf(m.codes, m.label),
                        valueQuantity: quantity(m, answerText(form[m.key])),
                    })),
                }),
            );
        }
    }
    for (const m of given.filter((g) => !g.of)) {
        out.push(
            full({
                ...vital(m.codes, m.label, form, w),
                note: note(form, w),
                valueQuantity: quantity(m, answerText(form[m.key])),
            }),
        );
    }
    return out;
}

const escaped = (text: string): string =>
    text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const narrative = (text: string) => ({
    status: 'generated',
    div: `<div xmlns="http://www.w3.org/1999/xhtml">${text
        .split('\n')
        .map((line) => `<p>${escaped(line)}</p>`)
        .join('')}</div>`,
});

const relationWords = (code: string): string =>
    code ? ((entryForms().contact.relation.options as Record<string, string>)[code] ?? '') : '';

/* 'Mary Khan, daughter, 01632 960983': who is recorded with the note is named in it, too. */
const carerWords = (form: Form): string =>
    answerText(form.carerName)
        ? [
              answerText(form.carerName),
              relationWords(answerText(form.carerRelation)).toLowerCase(),
              answerText(form.carerPhone),
          ]
              .filter(Boolean)
              .join(', ')
        : answerText(form.carer);

const sectionText = (form: Form, section: (typeof SECTIONS)[number]): string =>
    section === 'carer' ? carerWords(form) : answerText(form[section]);

const noteType = (form: Form): Concept => {
    const [code, display] =
        form.template === 'discharge'
            ? ['373942005', 'Discharge summary']
            : ['371531000', 'Report of clinical encounter'];
    return conceptOf([{ system: SNOMED, code: code!, display: display! }], display!);
};

function composition(form: Form, w: Writing): Resource {
    const reason = answerText(form.reason);
    return full({
        resourceType: 'Composition',
        status: 'final',
        type: noteType(form),
        subject: subject(w),
        date: w.at,
        author: [w.author],
        title: reason,
        custodian: w.organisation,
        section: SECTIONS.filter((s) => sectionText(form, s)).map((s) => ({
            title: SECTION_TITLES[s],
            text: narrative(sectionText(form, s)),
        })),
    });
}

function contact(form: Form, w: Writing): Resource {
    const relation = answerText(form.relation);
    const phone = answerText(form.phone);
    return full({
        resourceType: 'RelatedPerson',
        active: true,
        patient: subject(w),
        relationship: [
            ...(relation
                ? [{ ...concept(`${HL7}v3-RoleCode`, relation), text: relationWords(relation) }]
                : []),
            ...(form.carer === 'yes' ? [{ coding: [CARER], text: 'Unpaid carer' }] : []),
            ...(form.emergency === 'yes' ? [{ coding: [EMERGENCY], text: 'Emergency contact' }] : []),
        ],
        name: [{ text: answerText(form.name) }],
        telecom: phone ? [{ system: 'phone', value: phone }] : [],
    });
}

/* Who looks after the person, and was not in the record yet. */
const carerOf = (form: Form, w: Writing): Resource =>
    contact(
        {
            name: answerText(form.carerName),
            relation: answerText(form.carerRelation),
            phone: answerText(form.carerPhone),
            carer: 'yes',
        },
        w,
    );

function encounter(form: Form, w: Writing): Resource {
    const reason = conceptFrom(form.reason);
    return full({
        resourceType: 'Encounter',
        status: 'finished',
        class: { system: `${HL7}v3-ActCode`, code: answerText(form.visit) || 'AMB' },
        subject: subject(w),
        participant: [{ individual: w.author }],
        period: { start: w.at, end: w.at },
        reasonCode: reason ? [reason] : undefined,
        serviceProvider: w.organisation,
    });
}

const base64 = (text: string): string =>
    btoa(Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join(''));

function letter(form: Form, w: Writing): Resource {
    return full({
        resourceType: 'DocumentReference',
        status: 'current',
        docStatus: 'final',
        type: conceptOf(
            [{ system: SNOMED, code: '823691000000103', display: 'Clinical letter' }],
            'Clinical letter',
        ),
        subject: subject(w),
        date: w.at,
        author: [w.author],
        custodian: w.organisation,
        description: answerText(form.title),
        content: [
            {
                attachment: {
                    contentType: 'text/plain;charset=utf-8',
                    language: 'en-GB',
                    title: answerText(form.title),
                    data: base64(`To: ${answerText(form.to)}\n\n${answerText(form.body)}`),
                },
            },
        ],
    });
}

/* The person is told that there is a letter; the letter itself stands in their record. */
const copyToPerson = (form: Form, w: Writing, document: string): Resource =>
    full({
        resourceType: 'Communication',
        status: 'completed',
        subject: subject(w),
        about: [{ reference: document }],
        sent: w.at,
        recipient: [subject(w)],
        sender: w.author,
        payload: [{ contentString: `You have a letter: ${answerText(form.title)}` }],
    });

/* A task is no entry: it is asked for, and has one owner from the first moment (docs/requests.md). */
export function taskOf(form: Form, key: string, today: Civil): Resource {
    const owner = form.owner as Coded;
    return parameters([
        ['kind', 'Code', 'task'],
        ['words', 'String', answerText(form.words)],
        ['to', 'Reference', { reference: owner.coding?.code ?? '' }],
        ['due', 'Date', readDay(answerText(form.due), today)],
        ['id', 'String', key],
    ]);
}

/* The one resource that a form is about; observations are several. */
export function resourceOf(kind: Kind, form: Form, w: Writing): Resource | null {
    switch (kind) {
        case 'note':
            return composition(form, w);
        case 'problem':
            return problem(form, w);
        case 'allergy':
            return allergy(form, w);
        case 'medicine':
            return medicine(form, w);
        case 'letter':
            return letter(form, w);
        case 'observation':
            return observations(form, w)[0] ?? null;
        case 'contact':
            return contact(form, w);
        case 'task':
            return null;
    }
}

export interface Made {
    resource: Resource;
    fullUrl: string;
}

/* All that a form writes: [the main thing, ...]. `uuid` makes names that only this bundle knows. */
function all(kind: Kind, form: Form, w: Writing, uuid: () => string): Made[] {
    const named = (resource: Resource): Made => ({ resource, fullUrl: `urn:uuid:${uuid()}` });
    if (kind === 'observation') {
        return observations(form, w).map(named);
    }
    const main = named(resourceOf(kind, form, w)!);
    if (kind === 'letter' && form.copy === 'yes') {
        return [main, named(copyToPerson(form, w, main.fullUrl))];
    }
    if (kind !== 'note') {
        return [main];
    }
    const visit = named(encounter(form, w));
    const reference: Ref = { reference: visit.fullUrl };
    main.resource.encounter = reference;
    return [
        main,
        visit,
        ...observations(form, w).map((o) => named({ ...o, encounter: reference })),
        ...(answerText(form.carerName) ? [named(carerOf(form, w))] : []),
    ];
}

/* The transaction. A form that was taken before is found again by its key, and nothing is written twice. */
export function transactionOf(
    kind: Kind,
    form: Form,
    w: Writing,
    key: string,
    uuid: () => string,
): Resource {
    return {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: all(kind, form, w, uuid).map(({ resource, fullUrl }, i) => {
            const type = resource.resourceType;
            const identifier = { system: KEYS, value: `${key}-${i}` };
            return {
                fullUrl,
                resource: {
                    ...resource,
                    /* a Composition has one identifier, everything else a list of them */
                    identifier: type === 'Composition' ? identifier : [identifier],
                },
                request: {
                    method: 'POST',
                    url: type,
                    ifNoneExist: `identifier=${encodeURIComponent(`${KEYS}|${key}-${i}`)}`,
                },
            };
        }),
    };
}

/* Digits that were typed stay as they are: a decimal is a number in JSON, whatever follows its point. */
export const printed = (r: Resource | object): string =>
    JSON.stringify(r).replace(/"value":"(-?\d+(?:\.\d+)?)","unit"/g, '"value":$1,"unit"');
