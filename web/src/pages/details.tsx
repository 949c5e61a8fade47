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
import { showDate, showDateTime, showPeriod } from '../model/dates.ts';
import {
    addressLines,
    contactPoint,
    died,
    extensionWords,
    gender,
    nameOf,
    nhsNumber,
    nhsNumberStatus,
    otherIdentifiers,
    otherNames,
    patientName,
    plainName,
} from '../model/people.ts';
import { resourceName } from '../model/record.ts';
import { isPatient } from '../model/account.ts';
import { bornLine, diedLine } from '../parts/banner.tsx';
import { Empty, Heading, Section } from '../parts/basic.tsx';
import { Raw, SourceList } from '../parts/source.tsx';
import { sessionNow } from '../session.ts';
import { details } from '../texts/details.ts';

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
        (c) => title(c.language) + (c.preferred ? details().preferred : ''),
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
    return value === true ? details().needed : value === false ? details().notNeeded : '';
}

/* For those who book them and see no other entry: the newest first. */
function Appointments({ all }: { all: Resource[] }) {
    const dated = [...all].sort((a, b) => String(b.start ?? '').localeCompare(String(a.start ?? '')));
    return dated.length ? (
        <Section id="appointments" title={details().appointments} wide>
            <Rows>
                {dated.map((a): [string, ComponentChildren] => [
                    showDateTime(a.start) || details().noDay,
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
    const t = details();
    const p = record.patient!;
    const own = sessionNow().account?.patient === record.id;
    const person = isPatient(sessionNow());
    const index = record.index;
    const contacts = list<any>(p.contact);
    const related = index.of('RelatedPerson');
    const practice = list<Ref>(p.generalPractitioner)
        .map((r) => index.name(r, p))
        .filter(Boolean);
    return (
        <>
            <Heading>{t.title}</Heading>
            <div class="k-grid">
                <Section id="identity" title={own ? t.whoYou : t.who}>
                    <Rows>
                        {[
                            [t.name, person ? plainName(nameOf(p)) : patientName(p)],
                            ...otherNames(p).map((n): [string, string] => [n.use, n.name]),
                            [t.born, person ? showDate(p.birthDate) || t.notRecorded : bornLine(p)],
                            [t.died, died(p) === undefined ? '' : diedLine(p)],
                            [t.gender, gender(p)],
                            [t.sex, extensionWords(p, /birthsex$|BirthSex$/)],
                            [
                                t.nhsNumber,
                                [nhsNumber(p) || t.notRecorded, nhsNumberStatus(p)]
                                    .filter(Boolean)
                                    .join(', '),
                            ],
                            ...otherIdentifiers(p).map((i): [string, string] => [i.label, i.value]),
                            [
                                t.ethnic,
                                extensionWords(p, /EthnicCategory$|us-core-ethnicity$/),
                            ],
                            [t.relationship, words(p.maritalStatus)],
                            [t.language, languages(p)],
                            [t.interpreter, interpreter(p)],
                        ]}
                    </Rows>
                </Section>
                <Section id="contact" title={t.contact}>
                    {list(p.address).length + list(p.telecom).length === 0 ? (
                        <Empty>{t.noContact}</Empty>
                    ) : null}
                    <Rows>
                        {[
                            ...list<any>(p.address).map((a): [string, ComponentChildren] => [
                                a.use === 'old' || a.period?.end
                                    ? t.oldAddress
                                    : a.use === 'temp'
                                      ? t.tempAddress
                                      : t.address,
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
                    <h3 class="nhsuk-heading-s">{t.gp}</h3>
                    {practice.length ? <p>{practice.join(', ')}</p> : <Empty>{t.none}</Empty>}
                    {bare && !contacts.length ? null : (
                        <h3 class="nhsuk-heading-s">{t.family}</h3>
                    )}
                    {contacts.length + related.length === 0 && !bare ? (
                        <Empty>{t.none}</Empty>
                    ) : null}
                    <Rows>
                        {[
                            ...contacts.map((c): [string, ComponentChildren] => [
                                capital(list<Concept>(c.relationship).map(title).join(', ')) ||
                                    t.aContact,
                                lines(
                                    [
                                        resourceName({ resourceType: '', name: c.name }),
                                        ...list<any>(c.telecom).map((t) => contactPoint(t).value),
                                    ].filter(Boolean),
                                ),
                            ]),
                            ...related.map((r): [string, ComponentChildren] => [
                                capital(list<Concept>(r.relationship).map(title).join(', ')) ||
                                    t.aRelative,
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
                <Section id="source" title={t.source} wide>
                    <SourceList res={p} index={index} />
                    <Raw res={p} index={index} />
                </Section>
            </div>
        </>
    );
}
