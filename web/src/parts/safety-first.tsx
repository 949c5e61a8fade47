/* Of the summary for professionals: allergies, alerts, medicines, problems. */
import { useContext, useMemo } from 'preact/hooks';
import { showDate } from '../model/dates.ts';
import { medicines, problems, type Allergy, type Medicine, type Problem } from '../model/record.ts';
import { alerts, foldedAllergies, type Alert } from '../model/safety.ts';
import { safety } from '../texts/safety.ts';
import { Empty, Section, Tag } from './basic.tsx';
import { About, Behind, Facts, Item, Items } from './safety-list.tsx';

const count = (n: number): string => (n ? `(${n})` : '');

function AllergyItem({ a }: { a: Allergy }) {
    const t = safety();
    const since = showDate(a.res.onsetDateTime);
    const recorded = showDate(a.res.recordedDate);
    return (
        <Item
            res={a.res}
            title={a.title}
            tags={
                <>
                    {a.criticality === 'high' ? <Tag tone="red">{t.highRisk}</Tag> : null}
                    {a.doubt ? <Tag tone="yellow">{a.doubt}</Tag> : null}
                </>
            }
        >
            <Facts
                of={[
                    a.reactions ? t.reaction(a.reactions) : t.noReaction,
                    a.criticality === 'low' && t.lowRisk,
                    since ? t.since(since) : recorded && t.asked(recorded),
                ]}
            />
        </Item>
    );
}

export function Allergies() {
    const t = safety();
    const shown = useContext(About);
    const a = useMemo(() => foldedAllergies(shown.index), [shown]);
    const item = (x: Allergy) => <AllergyItem a={x} key={x.res.id} />;
    const none = a.none[0];
    const asked = none ? t.asked(showDate(none.recordedDate)) : '';
    return (
        <Section id="allergies" title={t.allergies} note={count(a.active.length)}>
            {a.active.length ? (
                <>
                    <Items all={a.active} empty="" item={item} />
                    {none ? <p class="k-item__facts">{t.contradicted}</p> : null}
                </>
            ) : none ? (
                <ul class="k-items">
                    <Item res={none} title={t.noKnown}>
                        <Facts of={[asked]} />
                    </Item>
                </ul>
            ) : (
                <Empty>
                    <strong>{t.noneRecordedLead}</strong> {t.noneRecorded}
                </Empty>
            )}
            <Behind all={a.past} words={t.noLonger} item={item} />
            <Behind all={a.ruledOut} words={t.ruledOut} item={item} />
        </Section>
    );
}

export function Alerts() {
    const t = safety();
    const shown = useContext(About);
    const all = useMemo(() => alerts(shown.index, shown.at), [shown]);
    const item = (x: Alert) => (
        <Item res={x.res} title={x.title} key={x.res.id}>
            <Facts of={[x.kind, x.until && t.until(showDate(x.until))]} />
        </Item>
    );
    return (
        <Section id="alerts" title={t.alerts} note={count(all.length)}>
            <Items all={all} empty={t.noAlerts} item={item} />
        </Section>
    );
}

function MedicineItem({ m }: { m: Medicine }) {
    const t = safety();
    return (
        <Item res={m.res} title={m.title}>
            <p class="k-item__facts k-item__dose">{m.dose || t.noDose}</p>
            <Facts
                of={[
                    m.last &&
                        (m.res.resourceType === 'MedicationStatement' ? t.lastSaid : t.lastIssue)(
                            showDate(m.last),
                        ),
                    m.first !== m.last && m.first && t.since(showDate(m.first)),
                    m.reason && t.for(m.reason),
                ]}
            />
        </Item>
    );
}

export function Medicines() {
    const t = safety();
    const shown = useContext(About);
    const m = useMemo(() => medicines(shown.index), [shown]);
    const item = (x: Medicine) => <MedicineItem m={x} key={x.res.id} />;
    return (
        <Section id="medicines" title={t.medicines} note={count(m.current.length)}>
            <Items all={m.current} empty={t.noMedicines} item={item} />
            {m.onHold.length ? (
                <>
                    <h3 class="nhsuk-heading-s">{t.onHold}</h3>
                    <Items all={m.onHold} empty="" item={item} />
                </>
            ) : null}
            <Behind all={m.stopped} words={t.stopped} item={item} />
        </Section>
    );
}

function ProblemItem({ p }: { p: Problem }) {
    const t = safety();
    const onset = showDate(p.onset);
    const end = showDate(p.end);
    return (
        <Item res={p.res} title={p.title} tags={p.note ? <Tag tone="yellow">{p.note}</Tag> : null}>
            <Facts of={[onset && t.since(onset), end && t.until(end), p.severity]} />
        </Item>
    );
}

export function Problems() {
    const t = safety();
    const shown = useContext(About);
    const p = useMemo(() => problems(shown.index), [shown]);
    const item = (x: Problem) => <ProblemItem p={x} key={x.res.id} />;
    return (
        <Section id="problems" title={t.problems} note={count(p.active.length)}>
            <Items all={p.active} empty={t.noProblems} item={item} />
            <Behind all={p.past} words={t.past} item={item} />
            <Behind all={p.ruledOut} words={t.ruledOut} item={item} />
        </Section>
    );
}
