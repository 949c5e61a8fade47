/* The record on one page: what keeps somebody safe comes first. */
import { useMemo } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { showDate } from '../model/dates.ts';
import type { Resource } from '../model/fhir.ts';
import {
    allergies,
    medicines,
    problems,
    results,
    vaccinations,
    type Allergy,
    type Medicine,
    type Problem,
    type RecordIndex,
    type Vaccination,
} from '../model/record.ts';
import { sourceLine } from '../model/source.ts';
import { Empty, Heading, More, plural, Section, Tag } from '../parts/basic.tsx';
import { entryHref, recordHref } from '../router.ts';
import { PrintButtons } from '../parts/print.tsx';
import { ResultTable } from '../parts/result-table.tsx';
import type { RecordPageProps } from '../routes.ts';

interface Ctx {
    id: string;
    index: RecordIndex;
}

/* One thing of a list: what it is, its facts, and who says so. */
function Item(props: {
    ctx: Ctx;
    res: Resource;
    title: string;
    tags?: ComponentChildren;
    children?: ComponentChildren;
}) {
    const source = sourceLine(props.ctx.index, props.res);
    return (
        <li class="k-item">
            <p class="k-item__title">
                <a href={entryHref(props.ctx.id, props.res)}>{props.title}</a> {props.tags}
            </p>
            {props.children}
            {source ? <p class="k-item__source">{source}</p> : null}
        </li>
    );
}

function Facts({ children }: { children: (string | false | undefined)[] }) {
    const parts = children.filter(Boolean);
    return parts.length ? <p class="k-item__facts">{parts.join(' · ')}</p> : null;
}

const LIST_MAX = 12;

/* A list whose tail waits behind a disclosure. */
function Items<T>({
    all,
    one,
    many = `${one}s`,
    item,
    max = LIST_MAX,
}: {
    all: T[];
    one: string;
    many?: string;
    item: (x: T) => ComponentChildren;
    max?: number;
}) {
    const rest = all.slice(max);
    return (
        <>
            <ul class="k-items">{all.slice(0, max).map(item)}</ul>
            {rest.length ? (
                <More summary={plural(rest.length, `more ${one}`, `more ${many}`)}>
                    <ul class="k-items">{rest.map(item)}</ul>
                </More>
            ) : null}
        </>
    );
}

function AllergyItem({ a, ctx }: { a: Allergy; ctx: Ctx }) {
    const date = showDate(a.res.onsetDateTime ?? a.res.recordedDate);
    return (
        <Item
            ctx={ctx}
            res={a.res}
            title={a.title}
            tags={
                <>
                    {a.criticality === 'High risk' ? <Tag tone="red">High risk</Tag> : null}
                    {a.doubt ? <Tag tone="yellow">{a.doubt}</Tag> : null}
                </>
            }
        >
            {a.reactions ? <p class="k-item__facts">Reaction: {a.reactions}</p> : null}
            <Facts>
                {[a.criticality === 'Low risk' && a.criticality, date && `since ${date}`]}
            </Facts>
        </Item>
    );
}

function Allergies({ ctx }: { ctx: Ctx }) {
    const a = useMemo(() => allergies(ctx.index), [ctx]);
    const item = (x: Allergy) => <AllergyItem a={x} ctx={ctx} />;
    return (
        <Section
            id="allergies"
            title="Allergies and intolerances"
            note={a.active.length ? `(${a.active.length})` : ''}
        >
            {a.active.length ? (
                <Items all={a.active} one="allergy" many="allergies" item={item} />
            ) : a.none.length ? (
                <ul class="k-items">
                    {a.none.map((res) => (
                        <Item ctx={ctx} res={res} title={noneTitle(res)}>
                            <Facts>
                                {[
                                    showDate(res.recordedDate) &&
                                        `recorded ${showDate(res.recordedDate)}`,
                                ]}
                            </Facts>
                        </Item>
                    ))}
                </ul>
            ) : (
                <Empty>
                    <strong>No allergies recorded.</strong> Nobody has recorded an allergy, nor that
                    there are none. Ask the person.
                </Empty>
            )}
            {a.past.length ? (
                <More summary={`${plural(a.past.length, 'allergy', 'allergies')} no longer active`}>
                    <ul class="k-items">{a.past.map(item)}</ul>
                </More>
            ) : null}
            {a.ruledOut.length ? (
                <More summary={`${plural(a.ruledOut.length, 'allergy', 'allergies')} ruled out`}>
                    <ul class="k-items">{a.ruledOut.map(item)}</ul>
                </More>
            ) : null}
        </Section>
    );
}

function noneTitle(res: Resource): string {
    const text: string = res.code?.text ?? res.code?.coding?.[0]?.display ?? 'No known allergies';
    return text.replace(/ \(situation\)$/, '');
}

function ProblemItem({ p, ctx }: { p: Problem; ctx: Ctx }) {
    const onset = showDate(p.onset);
    const end = showDate(p.end);
    const when =
        onset && end
            ? onset === end
                ? onset
                : `${onset} to ${end}`
            : onset
              ? `since ${onset}`
              : end
                ? `until ${end}`
                : '';
    return (
        <Item
            ctx={ctx}
            res={p.res}
            title={p.title}
            tags={p.note ? <Tag tone="yellow">{p.note}</Tag> : null}
        >
            <Facts>{[when, p.severity, p.times > 1 && `recorded ${p.times} times`]}</Facts>
        </Item>
    );
}

function Problems({ ctx }: { ctx: Ctx }) {
    const p = useMemo(() => problems(ctx.index), [ctx]);
    const item = (x: Problem) => <ProblemItem p={x} ctx={ctx} />;
    return (
        <Section
            id="problems"
            title="Active problems"
            note={p.active.length ? `(${p.active.length})` : ''}
        >
            {p.active.length ? (
                <Items all={p.active} one="active problem" item={item} />
            ) : (
                <Empty>
                    {p.past.length ? 'No active problems recorded.' : 'No problems recorded.'}
                </Empty>
            )}
            {p.past.length ? (
                <More summary={plural(p.past.length, 'past problem')}>
                    <ul class="k-items">{p.past.map(item)}</ul>
                </More>
            ) : null}
            {p.ruledOut.length ? (
                <More summary={`${plural(p.ruledOut.length, 'problem')} ruled out`}>
                    <ul class="k-items">{p.ruledOut.map(item)}</ul>
                </More>
            ) : null}
        </Section>
    );
}

const MEDICINE_STATUS: Record<string, string> = {
    stopped: 'Stopped',
    completed: 'Completed',
    cancelled: 'Cancelled',
    'on-hold': 'On hold',
    'not-taken': 'Not taken',
    unknown: 'Status unknown',
};

function MedicineItem({ m, ctx, past }: { m: Medicine; ctx: Ctx; past?: boolean }) {
    const first = showDate(m.first);
    const last = showDate(m.last);
    const when =
        first && last && first !== last
            ? `${past ? 'from' : 'since'} ${first}, last ${last}`
            : first
              ? past
                  ? first
                  : `since ${first}`
              : '';
    const status = MEDICINE_STATUS[m.status] ?? '';
    return (
        <Item
            ctx={ctx}
            res={m.res}
            title={m.title}
            tags={status && past ? <Tag tone="grey">{status}</Tag> : null}
        >
            {m.dose ? <p class="k-item__facts k-item__dose">{m.dose}</p> : null}
            <Facts>
                {[when, m.issues > 1 && `${m.issues} times`, m.reason && `for ${m.reason}`]}
            </Facts>
        </Item>
    );
}

function Medicines({ ctx }: { ctx: Ctx }) {
    const m = useMemo(() => medicines(ctx.index), [ctx]);
    const past = (x: Medicine) => <MedicineItem m={x} ctx={ctx} past />;
    return (
        <Section
            id="medicines"
            title="Current medicines"
            note={m.current.length ? `(${m.current.length})` : ''}
        >
            {m.current.length ? (
                <Items
                    all={m.current}
                    one="current medicine"
                    item={(x) => <MedicineItem m={x} ctx={ctx} />}
                />
            ) : (
                <Empty>
                    {m.stopped.length || m.onHold.length
                        ? 'No current medicines recorded.'
                        : 'No medicines recorded.'}
                </Empty>
            )}
            {m.onHold.length ? (
                <>
                    <h3 class="nhsuk-heading-s">On hold</h3>
                    <ul class="k-items">{m.onHold.map(past)}</ul>
                </>
            ) : null}
            {m.stopped.length ? (
                <More summary={`${plural(m.stopped.length, 'medicine')} stopped or finished`}>
                    <ul class="k-items">{m.stopped.map(past)}</ul>
                </More>
            ) : null}
        </Section>
    );
}

function Vaccinations({ ctx }: { ctx: Ctx }) {
    const v = useMemo(() => vaccinations(ctx.index), [ctx]);
    const item = (x: Vaccination) => (
        <Item ctx={ctx} res={x.res} title={x.title}>
            <Facts>{[showDate(x.date), x.note]}</Facts>
        </Item>
    );
    return (
        <Section
            id="vaccinations"
            title="Vaccinations"
            note={v.given.length ? `(${v.given.length})` : ''}
        >
            {v.given.length ? (
                <Items all={v.given} one="vaccination" item={item} max={5} />
            ) : (
                <Empty>No vaccinations recorded.</Empty>
            )}
            {v.notGiven.length ? (
                <More summary={`${plural(v.notGiven.length, 'vaccination')} not given`}>
                    <ul class="k-items">{v.notGiven.map(item)}</ul>
                </More>
            ) : null}
        </Section>
    );
}

const ROWS = 8;

function LatestResults({ ctx }: { ctx: Ctx }) {
    const all = useMemo(() => results(ctx.index), [ctx]);
    const groups = (['Measurements', 'Laboratory tests'] as const).map((group) => ({
        group,
        rows: all.filter((s) => s.group === group),
    }));
    const other = all.length - groups.reduce((n, g) => n + g.rows.length, 0);
    return (
        <Section id="results" title="Latest results" wide>
            {all.length === 0 ? <Empty>No results recorded.</Empty> : null}
            {groups.map(({ group, rows }) =>
                rows.length ? (
                    <ResultTable
                        id={ctx.id}
                        caption={
                            rows.length > ROWS
                                ? `${group} (newest ${ROWS} of ${rows.length})`
                                : group
                        }
                        rows={rows.slice(0, ROWS)}
                    />
                ) : null,
            )}
            {all.length ? (
                <p class="k-last">
                    <a href={recordHref(ctx.id, 'results')}>
                        All {plural(all.length, 'result')}
                        {other ? `, with ${plural(other, 'other observation')}` : ''}
                    </a>
                </p>
            ) : null}
        </Section>
    );
}

const SECTIONS: [string, string][] = [
    ['allergies', 'Allergies'],
    ['medicines', 'Medicines'],
    ['problems', 'Problems'],
    ['vaccinations', 'Vaccinations'],
    ['results', 'Results'],
];

function jump(section: string) {
    return (e: Event) => {
        e.preventDefault();
        const heading = document.getElementById(`h-${section}`);
        heading?.scrollIntoView({ block: 'start' });
        heading?.focus({ preventScroll: true });
    };
}

export default function SummaryPage({ record }: RecordPageProps) {
    const ctx = useMemo(
        () => ({ id: record.id, index: record.index }),
        [record.id, record.size, record.names],
    );
    return (
        <>
            <div class="k-head">
                <Heading>Summary</Heading>
                <div class="k-actions">
                    <PrintButtons />
                </div>
            </div>
            <nav class="k-jump" aria-label="On this page">
                <ul>
                    {SECTIONS.map(([section, words]) => (
                        <li>
                            <a href={`#h-${section}`} onClick={jump(section)}>
                                {words}
                            </a>
                        </li>
                    ))}
                </ul>
            </nav>
            <div class="k-grid">
                <div class="k-column">
                    <Allergies ctx={ctx} />
                    <Medicines ctx={ctx} />
                </div>
                <div class="k-column">
                    <Problems ctx={ctx} />
                    <Vaccinations ctx={ctx} />
                </div>
                <LatestResults ctx={ctx} />
            </div>
        </>
    );
}
