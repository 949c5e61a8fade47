/* Names, addresses and the other things that say who somebody is. */
import { who } from '../texts/who.ts';
import { civil, showDate, type Civil } from './dates.ts';
import { NHS_NUMBER_SYSTEM, nhsNumberGroups, tenDigits } from './nhs-number.ts';
import { list, sentence, words, type Resource } from './fhir.ts';

interface HumanName {
    use?: string;
    text?: string;
    family?: string;
    given?: string[];
    prefix?: string[];
    suffix?: string[];
    period?: { start?: string; end?: string };
}

interface Address {
    use?: string;
    text?: string;
    line?: string[];
    city?: string;
    district?: string;
    state?: string;
    postalCode?: string;
    country?: string;
    period?: { start?: string; end?: string };
}

const USE_ORDER = ['usual', 'official', '', 'temp', 'nickname', 'anonymous', 'maiden', 'old'];

function best<T extends { use?: string; period?: { end?: string } }>(
    all: T[],
    order: string[],
): T | undefined {
    const rank = (x: T) => {
        const at = order.indexOf(x.use ?? '');
        return (at < 0 ? order.length : at) + (x.period?.end ? 100 : 0);
    };
    return [...all].sort((a, b) => rank(a) - rank(b))[0];
}

/* 'SMITH, John William (Mr)', the NHS's order for a patient. */
export function formalName(name: HumanName | undefined): string {
    if (!name) {
        return '';
    }
    const given = list(name.given).join(' ');
    const prefix = list(name.prefix).join(' ').replace(/\./g, '');
    const suffix = list(name.suffix).join(' ');
    if (!name.family && !given) {
        return name.text ?? '';
    }
    const family = (name.family ?? '').toLocaleUpperCase('en-GB') + (suffix ? ` ${suffix}` : '');
    return [family, given].filter(Boolean).join(', ') + (prefix ? ` (${prefix})` : '');
}

/* 'Dr Owen Kunde', for people who write in the record. */
export function plainName(name: HumanName | undefined): string {
    if (!name) {
        return '';
    }
    return (
        name.text ??
        [...list(name.prefix), ...list(name.given), name.family, ...list(name.suffix)]
            .filter(Boolean)
            .join(' ')
    );
}

export function nameOf(person: Resource): HumanName | undefined {
    return best(list<HumanName>(person.name), USE_ORDER);
}

export function patientName(patient: Resource): string {
    return formalName(nameOf(patient)) || who().noName;
}

export function otherNames(patient: Resource): { use: string; name: string }[] {
    const t = who();
    const main = nameOf(patient);
    return list<HumanName>(patient.name)
        .filter((n) => n !== main)
        .map((n) => ({ use: t.names[n.use ?? ''] ?? t.otherName, name: formalName(n) }))
        .filter((n) => n.name);
}

export function addressLines(address: Address | undefined): string[] {
    if (!address) {
        return [];
    }
    const lines = [
        ...list(address.line),
        address.city,
        address.district === address.city ? '' : address.district,
        [address.state, address.postalCode].filter(Boolean).join(' '),
        /^(GB|GBR|UK|England|United Kingdom)$/i.test(address.country ?? '') ? '' : address.country,
    ].filter((l): l is string => Boolean(l));
    return lines.length ? lines : address.text ? address.text.split('\n') : [];
}

export function mainAddress(patient: Resource): Address | undefined {
    return best(list<Address>(patient.address), ['home', '', 'temp', 'work', 'billing', 'old']);
}

export function nhsNumber(patient: Resource): string {
    const id = list<any>(patient.identifier).find(
        (i) => i.system === NHS_NUMBER_SYSTEM && i.use !== 'old' && i.value,
    );
    return id ? nhsNumberGroups(String(id.value)) : '';
}

/* How sure the number is: the words of UK Core's verification status, or ''. */
export function nhsNumberStatus(patient: Resource): string {
    const id = list<any>(patient.identifier).find((i) => i.system === NHS_NUMBER_SYSTEM);
    const status = list<any>(id?.extension).find((e) =>
        /NHSNumberVerificationStatus$/.test(e.url ?? ''),
    );
    return words(status?.valueCodeableConcept);
}

export function otherIdentifiers(patient: Resource): { label: string; value: string }[] {
    return list<any>(patient.identifier)
        .filter((i) => i.value && !(i.system === NHS_NUMBER_SYSTEM && tenDigits(String(i.value))))
        .map((i) => ({
            label: words(i.type) || i.assigner?.display || shortSystem(i.system) || who().identifier,
            value: String(i.value),
        }));
}

function shortSystem(system: string | undefined): string {
    return system?.replace(/^https?:\/\//, '').replace(/^urn:oid:/, 'OID ') ?? '';
}

export function gender(patient: Resource): string {
    const t = who();
    return (t.genders[patient.gender] ?? sentence(patient.gender)) || t.notRecorded;
}

/* undefined: alive as far as is known; '': dead, date unknown. */
export function died(patient: Resource): string | undefined {
    if (patient.deceasedDateTime) {
        return showDate(patient.deceasedDateTime);
    }
    return patient.deceasedBoolean === true ? '' : undefined;
}

/* The day at which an age is counted: of death where there was one. */
export function ageDay(patient: Resource, now: Civil): Civil | null {
    return patient.deceasedDateTime
        ? civil(patient.deceasedDateTime)
        : patient.deceasedBoolean === true
          ? null
          : now;
}

export function contactPoint(t: any): { label: string; value: string } {
    const { ways, uses, contact } = who();
    const use = t.use ? ` (${uses[t.use] ?? t.use})` : '';
    const label = (ways[t.system] ?? sentence(t.system)) || contact;
    return { label: label + use, value: String(t.value ?? '') };
}

/* The words of an extension such as ethnicity, by the end of its url. */
export function extensionWords(resource: Resource, ending: RegExp): string {
    const e = list<any>(resource.extension).find((x) => ending.test(x.url ?? ''));
    if (!e) {
        return '';
    }
    const inner = list<any>(e.extension).find((x) => x.url === 'text');
    return (
        words(e.valueCodeableConcept) ||
        e.valueString ||
        e.valueCoding?.display ||
        inner?.valueString ||
        sentence(e.valueCode) ||
        ''
    );
}
