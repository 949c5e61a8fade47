/* What somebody writes into their own record: readings, how they feel, what they like, whom to call. */
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { showDate, showDateTime } from '../model/dates.ts';
import { hasCode, list, sentence, words, type Concept, type Resource } from '../model/fhir.ts';
import { noteOf, ownEntries } from '../model/own-list.ts';
import { typedOf } from '../model/own-form.ts';
import { READING_KINDS, type OtherKind, type ReadingKind } from '../model/own.ts';
import { patientName } from '../model/people.ts';
import type { Point } from '../model/series.ts';
import { Empty, Heading, Section } from '../parts/basic.tsx';
import { ChangeLink, Done, isMine, ownHref, Urgent } from '../parts/own.tsx';
import { Sparkline } from '../parts/trend.tsx';
import { recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { own } from '../texts/own.ts';

const FEW = 5;

interface Shown {
    what: string;
    more: string[];
}

/* An entry in words, by its kind. */
function shownOf(kind: OtherKind, r: Resource): Shown {
    const t = own();
    const typed = typedOf(kind, r);
    switch (kind) {
        case 'symptom':
            return {
                what: (typed.what !== 'other' && t.feels[typed.what!]) || words(r.code),
                more: [
                    [showDateTime(r.effectiveDateTime), t.bads[typed.bad!]].filter(Boolean).join(', '),
                    noteOf(r),
                ],
            };
        case 'preference':
            return { what: t.likes[typed.what!] ?? t.likes.other!, more: [typed.text!] };
        case 'medicine':
            return {
                what: typed.what!,
                more: [typed.dose!, typed.reason!, typed.taking === 'no' ? t.stopped : ''],
            };
        case 'allergy':
            return { what: typed.what!, more: [typed.reaction!, typed.note!] };
        default:
            return {
                what: typed.name!,
                more: [
                    t.relations[typed.relation!] ??
                        sentence(
                            list<Concept>(r.relationship)
                                .filter((c) => !hasCode(c, 'C'))
                                .map(words)[0],
                        ),
                    typed.phone!,
                    typed.email!,
                    typed.emergency ? t.emergency : '',
                ],
            };
    }
}

function AddLink({ id, kind, mine }: { id: string; kind: string; mine: boolean }) {
    const t = own();
    return mine ? (
        <p class="k-last">
            <a href={ownHref(id, `add/${kind}`)}>{t.add(t.aKind[kind]!)}</a>
        </p>
    ) : null;
}

function ReadingCard(props: { id: string; kind: ReadingKind; points: Point[]; mine: boolean }) {
    const { id, kind, points } = props;
    const t = own();
    const newest = points[0]!;
    return (
        <li class="k-own__reading">
            <h3 class="nhsuk-heading-s">{t.kinds[kind]}</h3>
            <p class="k-own__latest">{t.latest(newest.value.text, showDate(newest.date))}</p>
            <Sparkline points={points} />
            <p class="k-own__links">
                <a href={ownHref(id, `readings/${kind}`)}>{t.all(points.length, t.aKind[kind]!)}</a>
                {props.mine ? (
                    <a href={ownHref(id, `add/${kind}`)}>{t.add(t.aKind[kind]!)}</a>
                ) : null}
            </p>
        </li>
    );
}

function Others(props: {
    record: RecordPageProps['record'];
    kind: OtherKind;
    title: string;
    none: string;
    hint?: string;
    all: Resource[];
    mine: boolean;
}) {
    const { record, kind, all, mine } = props;
    const [every, setEvery] = useState(false);
    const shown = every ? all : all.slice(0, FEW);
    return (
        <Section id={`own-${kind}`} title={props.title} wide>
            {props.hint && mine ? <p>{props.hint}</p> : null}
            {all.length ? (
                <ul class="nhsuk-list k-own__list">
                    {shown.map((r) => {
                        const { what, more } = shownOf(kind, r);
                        return (
                            <li key={r.id}>
                                <div>
                                    <strong>{what}</strong>
                                    {more.filter(Boolean).map((line) => (
                                        <span class="k-block k-break k-lines">{line}</span>
                                    ))}
                                </div>
                                <ChangeLink
                                    id={record.id}
                                    res={r}
                                    index={record.index}
                                    what={what}
                                    mine={mine}
                                />
                            </li>
                        );
                    })}
                </ul>
            ) : (
                <Empty>{mine ? props.none : own().noneOfKind}</Empty>
            )}
            {all.length > shown.length ? (
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary nhsuk-button--small"
                    onClick={() => setEvery(true)}
                >
                    {own().more(all.length - shown.length)}
                </button>
            ) : null}
            <AddLink id={record.id} kind={kind} mine={mine} />
        </Section>
    );
}

export default function OwnPage({ record, session, query }: RecordPageProps) {
    const t = own();
    const { id } = record;
    const mine = isMine(session, id);
    const { readings, others } = useMemo(() => ownEntries(record.index), [record.size]);
    const has = READING_KINDS.filter((k) => readings.has(k));
    const lacking = READING_KINDS.filter((k) => !readings.has(k));
    const done: ComponentChildren =
        query.get('done') === 'saved' ? t.saved : query.get('done') === 'removed' ? t.removed : null;
    const common = { record, mine };
    return (
        <>
            {done ? <Done>{done}</Done> : null}
            <Heading>{mine ? t.title : t.titleOf(patientName(record.patient!))}</Heading>
            {mine ? (
                <>
                    <p class="nhsuk-body-l">{t.lead}</p>
                    <Urgent />
                </>
            ) : null}
            <p>
                <a href={recordHref(id, 'about-me')}>{t.aboutMe}</a>
                {mine ? <span class="k-quiet k-block">{t.aboutMeHint}</span> : null}
            </p>
            <Section id="own-readings" title={t.readings} wide>
                {has.length ? (
                    <ul class="k-own__readings">
                        {has.map((kind) => (
                            <ReadingCard
                                key={kind}
                                id={id}
                                kind={kind}
                                points={readings.get(kind)!}
                                mine={mine}
                            />
                        ))}
                    </ul>
                ) : (
                    <Empty>{mine ? t.noReadings : t.noneOfKind}</Empty>
                )}
                {mine && lacking.length ? (
                    <>
                        <h3 class="nhsuk-heading-s k-noprint">{t.addReading}</h3>
                        <ul class="nhsuk-list k-own__adds k-noprint">
                            {lacking.map((kind) => (
                                <li key={kind}>
                                    <a href={ownHref(id, `add/${kind}`)}>{t.add(t.aKind[kind]!)}</a>
                                </li>
                            ))}
                        </ul>
                    </>
                ) : null}
            </Section>
            <Others {...common} kind="symptom" title={t.symptoms} none={t.noSymptoms} all={others.symptom} />
            <Others
                {...common}
                kind="preference"
                title={t.preferences}
                none={t.noPreferences}
                all={others.preference}
            />
            <Others
                {...common}
                kind="medicine"
                title={t.medicines}
                none={t.noMedicines}
                all={others.medicine}
            />
            <Others
                {...common}
                kind="allergy"
                title={t.allergies}
                none={t.noAllergies}
                hint={t.allergyHint}
                all={others.allergy}
            />
            <Others
                {...common}
                kind="contact"
                title={t.contacts}
                none={t.noContacts}
                hint={t.contactHint}
                all={others.contact}
            />
        </>
    );
}
