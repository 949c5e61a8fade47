/* Who the record is about, on every page of it. */
import { age, showDate, today } from '../model/dates.ts';
import type { Resource } from '../model/fhir.ts';
import { ageDay, died, gender, nhsNumber, patientName } from '../model/people.ts';
import { allergies, type RecordIndex } from '../model/record.ts';
import { banner } from '../texts/banner.ts';
import { Tag } from './basic.tsx';

export function bornLine(patient: Resource): string {
    const born = showDate(patient.birthDate);
    if (!born) {
        return banner().notRecorded;
    }
    const day = ageDay(patient, today());
    const years = day && died(patient) === undefined ? age(patient.birthDate, day) : '';
    return years ? `${born} (${years})` : born;
}

export function diedLine(patient: Resource): string {
    const when = died(patient);
    const day = ageDay(patient, today());
    const at = when && day ? age(patient.birthDate, day) : '';
    return when ? banner().diedAged(when, at) : banner().dayNotRecorded;
}

function allergyLine(index: RecordIndex): { text: string; alert: boolean } {
    const t = banner();
    const a = allergies(index);
    if (a.active.length) {
        /* what several places have recorded stands here once */
        const all = [...new Set(a.active.map((x) => x.title))];
        const names = all.slice(0, 3);
        const more = all.length - names.length;
        return { text: t.andMore(names.join(', '), more), alert: true };
    }
    return { text: a.none.length ? t.noKnown : t.none, alert: false };
}

function Item({ label, value, alert = false }: { label: string; value: string; alert?: boolean }) {
    return (
        <div class={`k-banner__item${alert ? ' k-banner__item--alert' : ''}`}>
            <dt>{label}</dt>
            <dd>{value}</dd>
        </div>
    );
}

export function Banner({
    patient,
    index,
    done,
    bare,
}: {
    patient: Resource;
    index: RecordIndex;
    done: boolean;
    bare: boolean; /* nothing of the record is shown, so nothing is said of allergies */
}) {
    const t = banner();
    const dead = died(patient) !== undefined;
    const line = allergyLine(index);
    return (
        <section class={`k-banner${dead ? ' k-banner--dead' : ''}`} aria-label={t.patient}>
            <div class="nhsuk-width-container k-banner__inner">
                <p class="k-banner__name">
                    {patientName(patient)} {dead ? <Tag tone="grey">{t.died}</Tag> : null}
                    {patient.active === false ? <Tag tone="grey">{t.notInUse}</Tag> : null}
                </p>
                <dl class="k-banner__facts">
                    <Item label={t.born} value={bornLine(patient)} />
                    {dead ? <Item label={t.died} value={diedLine(patient)} /> : null}
                    <Item label={t.gender} value={gender(patient)} />
                    <Item label={t.nhsNumber} value={nhsNumber(patient) || t.notRecorded} />
                    {bare ? (
                        <Item label={t.allergies} value={t.notShown} />
                    ) : done ? (
                        <Item label={t.allergies} value={line.text} alert={line.alert} />
                    ) : (
                        <Item label={t.allergies} value={t.loading} />
                    )}
                </dl>
            </div>
        </section>
    );
}
