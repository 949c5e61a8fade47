/* Where a patient begins. It is drawn as soon as what keeps them safe is here; the rest follows part by part. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { json } from '../api.ts';
import { useRecord, type Loaded, type Part } from '../load.ts';
import { instant, showDate, showDateTime } from '../model/dates.ts';
import { list, title, type Resource } from '../model/fhir.ts';
import { appointments, isPrivate, lastLook, latest, newestOf, newSince, waiting } from '../model/home.ts';
import type { Look, Looks } from '../model/looks.ts';
import { nameOf, plainName } from '../model/people.ts';
import { allergies, medicines } from '../model/record.ts';
import { entryOf } from '../model/timeline.ts';
import { AskedPlaces } from '../parts/asked.tsx';
import { Empty, Heading } from '../parts/basic.tsx';
import { AllergyLine } from '../parts/allergy-line.tsx';
import { WithheldBanner } from '../parts/withheld.tsx';
import { useLay } from '../parts/lay.ts';
import { PATIENT_NAV } from '../record-nav.ts';
import { aboutHref, entryHref, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { lookedBefore, visitBefore } from '../seen.ts';
import { home } from '../texts/home.ts';
import { timelineTexts } from '../texts/timeline.ts';

const PARTS: readonly Part[] = ['safety', 'care', 'recent', 'documents'];
const NEWS_MOST = 5;

/* A page of its own where there is one, else these kinds on the timeline. */
const pageOr = (id: string, page: string, kind: string): string =>
    PATIENT_NAV.some((r) => r.page === page)
        ? recordHref(id, page)
        : `${recordHref(id, 'timeline')}?kind=${kind}`;

function Card(props: { href: string; name: string; children: ComponentChildren }) {
    return (
        <li class="k-card k-tile">
            <h3 class="nhsuk-heading-s k-tile__name">
                <a href={props.href}>{props.name}</a>
            </h3>
            <p>{props.children}</p>
        </li>
    );
}

/* Whether a part has come; in a larger one, too. */
const isHere = ({ has }: Loaded, part: Part): boolean =>
    has.has(part) || has.has('all') || (part === 'recent' && has.has('results'));

/* The newest of some types, as one line; what has not come yet is not called empty. */
function Newest(props: { record: Loaded; part: Part; types: string[]; none: string }) {
    const t = home();
    const { index } = props.record;
    if (!isHere(props.record, props.part)) {
        return <>{t.reading}</>;
    }
    const res = newestOf(index, ...props.types);
    if (!res) {
        return <>{props.none}</>;
    }
    const e = entryOf(res, index);
    const name = isPrivate(res) ? timelineTexts().one[e.kind] : e.title;
    return <>{t.newest(name, showDate(e.start))}</>;
}

function Appointment({ record, now }: { record: Loaded; now: number }) {
    const t = home();
    const { index } = record;
    if (!isHere(record, 'care')) {
        return <>{t.reading}</>;
    }
    const next = appointments(index, now).booked[0];
    if (!next) {
        return <>{t.noAppointment}</>;
    }
    const others = list<any>(next.participant)
        .filter((p) => !/Patient\//.test(p.actor?.reference ?? ''))
        .map((p) => index.name(p.actor, next))
        .filter(Boolean);
    return (
        <>
            <strong>{showDateTime(next.start)}</strong>
            <br />
            {[entryOf(next, index).title, others.slice(0, 1).join('')].filter(Boolean).join(', ')}
        </>
    );
}

function Cards({ record, looks, own, now }: { record: Loaded; looks: Look[] | null; own: boolean; now: number }) {
    const t = home();
    const { id, index } = record;
    const current = useMemo(() => medicines(index).current.length, [record.size]);
    const look = looks && lastLook(looks);
    return (
        <section aria-labelledby="cards">
            <h2 class="nhsuk-heading-m" id="cards">
                {own ? t.cards : t.cardsTheirs}
            </h2>
            <ul class="k-tiles">
                <Card href={`${recordHref(id, 'timeline')}?kind=appointments`} name={t.appointment}>
                    <Appointment record={record} now={now} />
                </Card>
                <Card href={recordHref(id, 'results')} name={t.results}>
                    <Newest
                        record={record}
                        part="recent"
                        types={['Observation']}
                        none={t.noResults}
                    />
                </Card>
                <Card href={recordHref(id, 'medicines')} name={t.medicines}>
                    {current ? t.medicinesNow(current) : t.noMedicines}
                </Card>
                <Card href={pageOr(id, 'letters', 'documents')} name={t.letters}>
                    <Newest
                        record={record}
                        part="documents"
                        types={['DocumentReference', 'Composition']}
                        none={t.noLetters}
                    />
                </Card>
                <Card href={pageOr(id, 'requests', 'messages')} name={t.messages}>
                    <Newest
                        record={record}
                        part="care"
                        types={['Communication', 'Task']}
                        none={t.noMessages}
                    />
                </Card>
                <Card href={aboutHref(id, 'access')} name={t.looked}>
                    {!looks
                        ? t.lookedUnknown
                        : look
                          ? t.lookedBy(look.name ?? '', showDate(instant(look.at)))
                          : t.nobodyLooked}
                </Card>
            </ul>
        </section>
    );
}

function News(props: {
    record: Loaded;
    before: number;
    own: boolean;
    now: number;
    lay: number; /* what useLay() gives: names change with it */
}) {
    const { record, before, own, now } = props;
    const t = home();
    const { id, index } = record;
    const kinds = timelineTexts().one;
    const since = before > 0;
    const fresh = useMemo(
        () => (since ? newSince(index, before) : latest(index, now)),
        [record.size, record.names, before],
    );
    return (
        <section aria-labelledby="news">
            <h2 class="nhsuk-heading-m" id="news">
                {since ? t.newTitle : own ? t.latest : t.latestTheirs}
            </h2>
            {since ? (
                <p>
                    {t.lastLooked(showDateTime(new Date(before).toISOString()))}{' '}
                    {fresh.length ? '' : t.nothingNew}
                </p>
            ) : null}
            {fresh.length ? (
                <ul class="k-items k-news">
                    {fresh.slice(0, NEWS_MOST).map((res: Resource) => {
                        const e = entryOf(res, index);
                        return (
                            <li class="k-item" key={`${res.resourceType}/${res.id}`}>
                                <p class="k-item__title">
                                    <a href={entryHref(id, res)}>
                                        {isPrivate(res) ? t.hidden(kinds[e.kind]) : e.title}
                                    </a>
                                </p>
                                <p class="k-item__source">
                                    {[
                                        isPrivate(res) ? '' : kinds[e.kind],
                                        showDate(e.start),
                                        index.aboutOf(res).place,
                                    ]
                                        .filter(Boolean)
                                        .join(' · ')}
                                </p>
                            </li>
                        );
                    })}
                </ul>
            ) : null}
            <p>
                <a href={recordHref(id, 'timeline')}>{t.allNew}</a>
            </p>
        </section>
    );
}

function Todo({ record, now, children }: { record: Loaded; now: number; children: ComponentChildren }) {
    const t = home();
    const { id, index } = record;
    const open = waiting(index);
    const { offered } = appointments(index, now);
    return (
        <>
            {children}
            {open.length || offered.length ? (
                <section class="k-withheld" aria-labelledby="todo">
                    <h2 class="nhsuk-heading-s" id="todo">
                        {t.todo}
                    </h2>
                    <ul class="nhsuk-list nhsuk-list--bullet">
                        {offered.map((a) => (
                            <li key={a.id}>
                                <a href={entryHref(id, a)}>{t.offered(showDateTime(a.start))}</a>
                            </li>
                        ))}
                        {open.length ? (
                            <li>
                                <a href={pageOr(id, 'requests', 'messages')}>
                                    {t.waiting(open.length)}
                                </a>
                            </li>
                        ) : null}
                    </ul>
                </section>
            ) : null}
        </>
    );
}

/* The access log: who looked lately, and when this person did on another device. */
function useLooks(id: string): Look[] | null | undefined {
    const [looks, setLooks] = useState<Look[] | null | undefined>(undefined);
    useEffect(() => {
        const abort = new AbortController();
        setLooks(undefined);
        json<Looks>(`/audit/patient/${encodeURIComponent(id)}?count=50`, undefined, abort.signal).then(
            (l) => setLooks(list<Look>(l.entries)),
            () => abort.signal.aborted || setLooks(null), /* its own page says what is wrong */
        );
        return () => abort.abort();
    }, [id]);
    return looks;
}

function useVisit(account: string, id: string): number | undefined {
    const [at, setAt] = useState<number | undefined>(undefined);
    useEffect(() => {
        let live = true;
        void visitBefore(account, id).then((t) => live && setAt(t));
        return () => {
            live = false;
        };
    }, [account, id]);
    return at;
}

export default function HomePage({ record: first, session, again }: RecordPageProps) {
    const t = home();
    const id = first.id;
    const own = session.account?.patient === id;
    const { record } = useRecord(id, false, PARTS);
    const lay = useLay('results', 'problems', 'procedures', 'vaccinations');
    const looks = useLooks(id);
    const visit = useVisit(session.account?.id ?? '', id);
    const now = record.readAt || first.readAt;
    const name = nameOf(first.patient!);
    const empty = !record.joining && !record.index.all.some((r) => r.resourceType !== 'Patient');
    const known = visit !== undefined && looks !== undefined && record.done;
    const before = Math.max(visit ?? 0, own ? lookedBefore(looks ?? [], now) : 0);
    return (
        <>
            <Heading>
                {own ? t.hello(title({ text: name?.given?.[0] ?? '' })) : t.recordOf(plainName(name))}
            </Heading>
            <div class={`k-allergy-line${allergies(record.index).active.length ? ' k-allergy-line--some' : ''}`}>
                <AllergyLine index={record.index} id={id} />
            </div>
            <Todo record={record} now={now}>
                {record.withheld ? (
                    <WithheldBanner id={id} session={session} again={again} />
                ) : null}
            </Todo>
            {empty ? (
                <section class="k-card" aria-labelledby="news">
                    <h2 class="nhsuk-heading-m" id="news">
                        {t.emptyTitle}
                    </h2>
                    <p>{t.empty}</p>
                    <Empty>
                        <AskedPlaces record={record} />
                    </Empty>
                </section>
            ) : known ? (
                <News record={record} before={before} own={own} now={now} lay={lay} />
            ) : null}
            <Cards record={record} looks={looks ?? null} own={own} now={now} />
        </>
    );
}
