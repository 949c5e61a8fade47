/*
 * The parts of FHIR R4 that the page reads. Whatever a server sends may be missing or malformed, so
 * every field is optional and the readers below accept anything.
 */

export interface Coding {
    system?: string;
    code?: string;
    display?: string;
}

export interface Concept {
    coding?: Coding[];
    text?: string;
}

export interface Ref {
    reference?: string;
    display?: string;
    type?: string;
}

/* A decimal keeps its digits: see digits.ts. */
export interface Quantity {
    value?: number | string;
    comparator?: string;
    unit?: string;
    code?: string;
    system?: string;
}

export interface Meta {
    versionId?: string;
    lastUpdated?: string;
    source?: string;
    profile?: string[];
    tag?: Coding[];
    security?: Coding[];
}

export interface Resource {
    resourceType: string;
    id?: string;
    meta?: Meta;
    [field: string]: any;
}

export interface Bundle extends Resource {
    entry?: {
        fullUrl?: string;
        link?: { relation?: string; url?: string }[];
        resource?: Resource;
        search?: { mode?: string };
    }[];
    link?: { relation?: string; url?: string }[];
    total?: number;
}

/* FHIR lists are sometimes sent as a single value by careless systems. */
export function list<T>(value: T | T[] | undefined | null): T[] {
    if (value === undefined || value === null) {
        return [];
    }
    return Array.isArray(value) ? value.filter((v) => v !== undefined && v !== null) : [value];
}

/* What a person reads for a coded thing: the text, else a display, else the bare code. */
export function words(concept: Concept | undefined | null): string {
    if (!concept) {
        return '';
    }
    const codings = list(concept.coding);
    return (
        concept.text?.trim() ||
        codings.find((c) => c.display)?.display?.trim() ||
        codings.find((c) => c.code)?.code ||
        ''
    );
}

/* The same thing under the same key: the first code that has a system, else the words. */
export function conceptKey(concept: Concept | undefined | null): string {
    const coding = list(concept?.coding).find((c) => c.system && c.code);
    return coding ? `${coding.system}|${coding.code}` : words(concept).toLowerCase();
}

export function hasCode(concept: Concept | undefined | null, ...codes: string[]): boolean {
    return list(concept?.coding).some((c) => c.code !== undefined && codes.includes(c.code));
}

/* The code of a status that FHIR wraps in a CodeableConcept. */
export function statusCode(concept: Concept | undefined | null): string {
    return list(concept?.coding).find((c) => c.code)?.code ?? '';
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/* 'entered-in-error' → 'Entered in error' */
export function sentence(code: string | undefined): string {
    if (!code) {
        return '';
    }
    return capital(code.replace(/[-_]+/g, ' ').trim());
}

/* 'MedicationRequest' → 'Medication request' */
export function typeWords(type: string): string {
    return sentence(type.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase());
}

/*
 * 'https://node/fhir/Patient/1/_history/2' → 'Patient/1'; '' for fragments and what is no reference.
 * An entry of another place has its place in its id here: 'Patient/Y90001~1' (places.ts).
 */
export function localReference(reference: string | undefined): string {
    if (!reference || /^[A-Z][A-Za-z]+\/[A-Za-z0-9.~-]{1,80}$/.test(reference)) {
        return reference ?? '';
    }
    const m = reference.match(
        /(?:^|\/)([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/,
    );
    return m?.[1] ?? '';
}

/* UK Core calls SNOMED's qualifiers '(disorder)', '(finding)' …; a reader has no use for them. */
export function plain(text: string): string {
    if (!text.endsWith(')')) {
        return text;
    }
    const m = text.match(
        /^(.+?) \((?:disorder|finding|procedure|situation|event|substance|product|regime\/therapy|observable entity|physical object|clinical drug|medicinal product|environment|person|morphologic abnormality|qualifier value|record artifact|assessment scale|body structure|organism|occupation|social concept)\)$/,
    );
    return m?.[1] ?? text;
}

export function title(concept: Concept | undefined | null): string {
    return plain(words(concept));
}

/* 'Left upper arm structure', as SNOMED has it, is the left upper arm. */
export const bodySite = (concept: Concept | undefined | null): string =>
    title(concept).replace(/ structure$/, '');
