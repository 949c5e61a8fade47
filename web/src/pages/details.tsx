import type { ComponentChildren } from 'preact';
import type { Loaded } from '../load.ts';
import {
    capital,
    list,
    sentence,
    title,
    words,
    type Concept,
    type Ref,
    type Resource,
} from '../model/fhir.ts';
import { showDateTime, showPeriod } from '../model/dates.ts';
import {
    addressLines,
    contactPoint,
    died,
    extensionWords,
    gender,
    nhsNumber,
    nhsNumberStatus,
    otherIdentifiers,
    otherNames,
    patientName,
} from '../model/people.ts';
import { resourceName } from '../model/record.ts';
import { bornLine, diedLine } from '../parts/banner.tsx';
import { Empty, Heading, Section } from '../parts/basic.tsx';
import { Raw, SourceList } from '../parts/source.tsx';

function Rows({ children }: { children: [string, ComponentChildren][] }) {
    return (
        <dl class="nhsuk-summary-list k-facts">
            {children
                .filter(([, value]) => value !== '' && value !== undefined && value !== null)
                .map(([label, value]) => (
                    <div class="nhsuk-summary-list__row">
                        <dt class="nhsuk-summary-list__key">{label}</dt>
                        <dd class="nhsuk-summary-list__value k-break">{value}</dd>
                    </div>
                ))}
        </dl>
    );
}

const lines = (all: string[]) => all.map((l) => <span class="k-block">{l}</span>);

function languages(p: Resource): string {
    const own = list<any>(p.communication).map(
        (c) => title(c.language) + (c.preferred ? ' (preferred)' : ''),
    );
    return own.join(', ');
}

function interpreter(p: Resource): string {
    const needs = list<any>(p.extension).concat(
        ...list<any>(p.communication).map((c) => list<any>(c.extension)),
    );
    const own = needs.find((e) => /patient-interpreterRequired$/.test(e.url ?? ''));
    const nested = needs
        .flatMap((e) => list<any>(e.extension))
        .find((e) => e.url === 'interpreterRequired' || e.url === 'patient-interpreterRequired');
    const value = own?.valueBoolean ?? nested?.valueBoolean;
    return value === true ? 'Needed' : value === false ? 'Not needed' : '';
}

/* For those who book them and see no other entry: the newest first. */
function Appointments({ all }: { all: Resource[] }) {
    const dated = [...all].sort((a, b) => String(b.start ?? '').localeCompare(String(a.start ?? '')));
    return dated.length ? (
        <Section id="appointments" title="Appointments" wide>
            <Rows>
                {dated.map((a): [string, ComponentChildren] => [
                    showDateTime(a.start) || 'Day not recorded',
                    [
                        sentence(String(a.status ?? '')),
                        ...list<any>(a.participant)
                            .map((p) => p.actor)
                            .filter((actor) => !/Patient\//.test(actor?.reference ?? ''))
                            .map((actor) => String(actor?.display ?? '')),
                    ]
                        .filter(Boolean)
                        .join(', '),
                ])}
            </Rows>
        </Section>
    ) : null;
}

/* `bare`: entries of the record are not shown, so nothing is said of relatives in them. */
export default function DetailsPage({
    record,
    bare = false,
}: {
    record: Loaded;
    bare?: boolean;
}) {
    const p = record.patient!;
    const index = record.index;
    const contacts = list<any>(p.contact);
    const related = index.of('RelatedPerson');
    const practice = list<Ref>(p.generalPractitioner)
        .map((r) => index.name(r, p))
        .filter(Boolean);
    return (
        <>
            <Heading>Personal details</Heading>
            <div class="k-grid">
                <Section id="identity" title="Who they are">
                    <Rows>
                        {[
                            ['Name', patientName(p)],
                            ...otherNames(p).map((n): [string, string] => [n.use, n.name]),
                            ['Born', bornLine(p)],
                            ['Died', died(p) === undefined ? '' : diedLine(p)],
                            ['Gender', gender(p)],
                            ['Sex at birth', extensionWords(p, /birthsex$|BirthSex$/)],
                            [
                                'NHS number',
                                [nhsNumber(p) || 'Not recorded', nhsNumberStatus(p)]
                                    .filter(Boolean)
                                    .join(', '),
                            ],
                            ...otherIdentifiers(p).map((i): [string, string] => [i.label, i.value]),
                            [
                                'Ethnic group',
                                extensionWords(p, /EthnicCategory$|us-core-ethnicity$/),
                            ],
                            ['Relationship', words(p.maritalStatus)],
                            ['Language', languages(p)],
                            ['Interpreter', interpreter(p)],
                        ]}
                    </Rows>
                </Section>
                <Section id="contact" title="Address and contact">
                    {list(p.address).length + list(p.telecom).length === 0 ? (
                        <Empty>No address or telephone number recorded.</Empty>
                    ) : null}
                    <Rows>
                        {[
                            ...list<any>(p.address).map((a): [string, ComponentChildren] => [
                                a.use === 'old' || a.period?.end
                                    ? 'Old address'
                                    : a.use === 'temp'
                                      ? 'Temporary address'
                                      : 'Address',
                                <>
                                    {lines(addressLines(a))}
                                    {a.period ? (
                                        <span class="k-quiet k-block">
                                            {showPeriod(a.period.start, a.period.end)}
                                        </span>
                                    ) : null}
                                </>,
                            ]),
                            ...list<any>(p.telecom).map((t): [string, string] => {
                                const c = contactPoint(t);
                                return [c.label, c.value];
                            }),
                        ]}
                    </Rows>
                    <h3 class="nhsuk-heading-s">GP or care provider</h3>
                    {practice.length ? <p>{practice.join(', ')}</p> : <Empty>None recorded.</Empty>}
                    {bare && !contacts.length ? null : (
                        <h3 class="nhsuk-heading-s">Family, carers and contacts</h3>
                    )}
                    {contacts.length + related.length === 0 && !bare ? (
                        <Empty>None recorded.</Empty>
                    ) : null}
                    <Rows>
                        {[
                            ...contacts.map((c): [string, ComponentChildren] => [
                                capital(list<Concept>(c.relationship).map(title).join(', ')) ||
                                    'Contact',
                                lines(
                                    [
                                        resourceName({ resourceType: '', name: c.name }),
                                        ...list<any>(c.telecom).map((t) => contactPoint(t).value),
                                    ].filter(Boolean),
                                ),
                            ]),
                            ...related.map((r): [string, ComponentChildren] => [
                                capital(list<Concept>(r.relationship).map(title).join(', ')) ||
                                    'Related person',
                                lines(
                                    [
                                        resourceName(r),
                                        ...list<any>(r.telecom).map((t) => contactPoint(t).value),
                                    ].filter(Boolean),
                                ),
                            ]),
                        ]}
                    </Rows>
                </Section>
                {bare ? <Appointments all={index.of('Appointment')} /> : null}
                <Section id="source" title="Source of these details" wide>
                    <SourceList res={p} index={index} />
                    <Raw res={p} />
                </Section>
            </div>
        </>
    );
}
