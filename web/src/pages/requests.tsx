/* What was asked about a record, who has it, by when, and the answer; and what was said beside entries. */
import { useMemo, useState } from 'preact/hooks';
import { get, matchesOf } from '../api.ts';
import { isPatient } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import type { Bundle } from '../model/fhir.ts';
import type { RecordIndex } from '../model/record.ts';
import {
    byDue,
    isLate,
    nameOf,
    newestFirst,
    remarkOf,
    requestOf,
    type Remark,
    WORK,
    type Request,
    type WorkKind,
} from '../model/requests.ts';
import { askHref, RemarkWords, takeBack } from '../parts/ask.tsx';
import { Empty, Heading, Section, Tag, TroubleBox } from '../parts/basic.tsx';
import { Button, useAction, useLoaded } from '../parts/form.tsx';
import { entryHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { common } from '../texts/common.ts';
import { requests } from '../texts/requests.ts';

function About({ id, index, reference }: { id: string; index: RecordIndex; reference: string }) {
    const res = index.byReference.get(reference);
    return res ? <a href={entryHref(id, res)}>{nameOf(res)}</a> : <>{nameOf(undefined, reference)}</>;
}

/* As the joined record names an entry of another place. */
const awayName = (r: Request): string => r.there.replace('/', `/${r.place}~`);

function Row({ label, children }: { label: string; children: preact.ComponentChildren }) {
    return (
        <div class="nhsuk-summary-list__row">
            <dt class="nhsuk-summary-list__key">{label}</dt>
            <dd class="nhsuk-summary-list__value k-break k-lines">{children}</dd>
        </div>
    );
}

function Asked(props: {
    r: Request;
    id: string;
    mine: boolean;
    index: RecordIndex;
    again: (words: string) => void;
}) {
    const { r, id, mine, index } = props;
    const t = requests();
    const { busy, trouble, run } = useAction();
    const late = isLate(r);
    return (
        <li class="k-card k-wide">
            <h3 class="nhsuk-heading-s">
                {t.kinds[r.kind]} {late ? <Tag tone="red">{t.lateTag}</Tag> : null}
            </h3>
            <dl class="nhsuk-summary-list k-facts">
                {r.about || r.there ? (
                    <Row label={t.about}>
                        <About id={id} index={index} reference={r.about || awayName(r)} />
                    </Row>
                ) : null}
                <Row label={mine ? t.youAsked : t.asked(r.by)}>
                    {[t.onDay(showDate(r.asked)), r.words].filter(Boolean).join('.\n')}
                </Row>
                {r.waits ? (
                    <>
                        <Row label={t.who}>{r.owner}</Row>
                        <Row label={t.answerBy}>
                            {late ? t.late(showDate(r.due), r.owner) : showDate(r.due)}
                        </Row>
                    </>
                ) : r.withdrawn ? (
                    <Row label={t.answer}>{t.withdrawn}</Row>
                ) : (
                    <Row label={t.answer}>
                        {[
                            [t.outcomes[r.outcome], showDate(r.answered)].filter(Boolean).join(', '),
                            r.answer,
                        ]
                            .filter(Boolean)
                            .join('.\n')}
                    </Row>
                )}
            </dl>
            {trouble ? <TroubleBox trouble={trouble} /> : null}
            {r.waits && mine ? (
                <Button
                    kind="small"
                    busy={busy}
                    click={() =>
                        void run(() => takeBack(r.res)).then((ok) => ok && props.again(t.tookBack))
                    }
                >
                    {t.withdraw}
                    <span class="nhsuk-u-visually-hidden">
                        {' '}
                        ({r.words.slice(0, 60) || t.kinds[r.kind]})
                    </span>
                </Button>
            ) : null}
        </li>
    );
}

export default function RequestsPage({ record, session }: RecordPageProps) {
    const t = requests();
    const id = record.id;
    const [said, setSaid] = useState('');
    const loaded = useLoaded(
        (signal) => get<Bundle>(`Patient/${id}/$ask`, signal).then(matchesOf),
        [id],
    );
    /* what was asked at other places is read there, with the rest of the record */
    const all = useMemo(() => {
        const away = record.index.of('Task').filter((r) => !record.index.aboutOf(r).own);
        return [...(loaded.value ?? []), ...away]
            .map(requestOf)
            .filter((r): r is Request => r !== null);
    }, [loaded.value, record.size]);
    const remarks = useMemo(
        () => (loaded.value ?? []).map(remarkOf).filter((r): r is Remark => r !== null),
        [loaded.value],
    );
    const again = (words: string) => {
        setSaid(words);
        loaded.again();
    };
    const staff = all.filter((r) => WORK.includes(r.kind as WorkKind)).sort(newestFirst);
    const waiting = all.filter((r) => r.waits && !staff.includes(r)).sort(byDue);
    const over = all.filter((r) => !r.waits && !staff.includes(r)).sort(newestFirst);
    const me = [`Patient/${session.account?.patient ?? ''}`, session.account?.person];
    const list = (items: Request[]) => (
        <ul class="nhsuk-list k-asked">
            {items.map((r) => (
                <Asked
                    key={r.res.id}
                    r={r}
                    id={id}
                    mine={me.includes(r.byReference) && record.index.aboutOf(r.res).own}
                    index={record.index}
                    again={again}
                />
            ))}
        </ul>
    );
    return (
        <>
            <Heading>{t.title}</Heading>
            <p>{t.lead}</p>
            {isPatient(session) ? (
                <p>
                    <a class="nhsuk-button" href={askHref(id, 'question')} role="button" draggable={false}>
                        {t.askQuestion}
                    </a>
                </p>
            ) : null}
            <p role="status" class={said ? 'k-said' : undefined}>
                {said}
            </p>
            {loaded.trouble ? <TroubleBox trouble={loaded.trouble} again={loaded.again} /> : null}
            {!loaded.value && !loaded.trouble ? <p>{common().reading}</p> : null}
            {loaded.value && !all.length && !remarks.length ? <Empty>{t.empty}</Empty> : null}
            {all.length || remarks.length ? (
                <>
                    <Section id="waiting" title={t.waiting} note={`(${waiting.length})`} wide>
                        {waiting.length ? list(waiting) : <Empty>{t.noneWaiting}</Empty>}
                    </Section>
                    <Section id="answered" title={t.answered} note={`(${over.length})`} wide>
                        {over.length ? list(over) : <Empty>{t.noneAnswered}</Empty>}
                    </Section>
                </>
            ) : null}
            {staff.length ? (
                <Section id="staff" title={t.byStaff} note={`(${staff.length})`} wide>
                    {list(staff)}
                </Section>
            ) : null}
            {remarks.length ? (
                <Section id="said" title={t.mySide} wide>
                    {remarks.map((r) => (
                        <div key={r.res.id}>
                            <p>
                                <About id={id} index={record.index} reference={r.about} />
                            </p>
                            <RemarkWords remark={r} session={session} again={loaded.again} />
                        </div>
                    ))}
                </Section>
            ) : null}
        </>
    );
}
