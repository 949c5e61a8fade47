/* Of the summary for professionals: results, who looks after the person, care, letters, what comes next. */
import { useContext, useMemo } from 'preact/hooks';
import { get, matchesOf } from '../api.ts';
import { showDate, showDateTime, showPeriod } from '../model/dates.ts';
import { list, title, type Bundle, type Resource } from '../model/fhir.ts';
import {
    carers,
    coming,
    documents,
    documentTitle,
    packages,
    plans,
    recentResults,
    type Carer,
} from '../model/safety.ts';
import { recordHref } from '../router.ts';
import { safety } from '../texts/safety.ts';
import { Empty, Section } from './basic.tsx';
import { useLoaded } from './form.tsx';
import { ResultTable } from './result-table.tsx';
import { About, Facts, Item, Items } from './safety-list.tsx';

export function Results({ done }: { done: boolean }) {
    const t = safety();
    const shown = useContext(About);
    const rows = useMemo(() => recentResults(shown.index, shown.at), [shown]);
    return (
        <Section id="results" title={t.results} wide>
            {rows.length ? (
                <>
                    <ResultTable id={shown.id} caption={t.resultsCaption} rows={rows} />
                    <p class="k-last">
                        <a href={recordHref(shown.id, 'results')}>{t.allResults}</a>
                    </p>
                </>
            ) : (
                <Empty>{done ? t.noResults : t.reading}</Empty>
            )}
        </Section>
    );
}

/* Telephones are not in a record but in the directory of this node. */
async function directoryOf(people: string[], signal: AbortSignal): Promise<Resource[]> {
    const ids = people
        .filter((p) => p.startsWith('Practitioner/') && !p.includes('~'))
        .map((p) => p.split('/')[1]!);
    return ids.length
        ? matchesOf(
              await get<Bundle>(
                  `PractitionerRole?practitioner=${ids.join(',')}` +
                      '&_include=PractitionerRole:organization&_count=50',
                  signal,
              ),
          )
        : [];
}

export function Team({ patient, done }: { patient: Resource | null; done: boolean }) {
    const t = safety();
    const shown = useContext(About);
    const known = useMemo(() => carers(shown.index, patient, [], shown.at), [shown, patient]);
    const keys = known.map((c) => c.key).join(' ');
    const { value } = useLoaded((signal) => directoryOf(keys.split(' '), signal), [keys]);
    const team = value ? carers(shown.index, patient, value, shown.at) : known;
    const item = (c: Carer) => (
        <li class="k-item" key={c.key || c.name}>
            <p class="k-item__title">{c.name}</p>
            <Facts of={[c.role, c.team]} />
            <p class="k-item__facts">
                {c.phone ? (
                    <a class="k-phone" href={`tel:${c.phone.replace(/[^\d+]/g, '')}`}>
                        {c.phone}
                    </a>
                ) : (
                    t.noPhone
                )}
            </p>
        </li>
    );
    return (
        <Section id="team" title={t.team}>
            <Items all={team} empty={done ? t.noTeam : t.reading} item={item} max={6} />
        </Section>
    );
}

export function Care({ done }: { done: boolean }) {
    const t = safety();
    const shown = useContext(About);
    const given = useMemo(() => packages(shown.index), [shown]);
    const made = useMemo(() => plans(shown.index, shown.at), [shown]);
    const empty = (words: string) => (done ? words : t.reading);
    return (
        <>
            <Section id="package" title={t.package}>
                <Items
                    all={given}
                    empty={empty(t.noPackage)}
                    item={(r) => (
                        <Item res={r} title={r.description || title(r.code)} key={r.id}>
                            <Facts
                                of={[
                                    showPeriod(r.executionPeriod?.start, r.executionPeriod?.end),
                                    shown.index.name(r.owner, r),
                                ]}
                            />
                        </Item>
                    )}
                />
            </Section>
            <Section id="plans" title={t.plans}>
                <Items
                    all={made}
                    empty={empty(t.noPlans)}
                    max={4}
                    item={(r) => (
                        <Item res={r} title={r.title || title(list<any>(r.category)[0])} key={r.id}>
                            <Facts of={[showPeriod(r.period?.start, r.period?.end)]} />
                        </Item>
                    )}
                />
            </Section>
        </>
    );
}

export function Documents({ done }: { done: boolean }) {
    const t = safety();
    const shown = useContext(About);
    const all = useMemo(() => documents(shown.index).slice(0, 5), [shown]);
    return (
        <Section id="documents" title={t.documents}>
            <Items
                all={all}
                empty={done ? t.noDocuments : t.reading}
                item={(r) => (
                    <Item res={r} title={documentTitle(r)} key={r.id}>
                        <Facts of={[showDate(r.date)]} />
                    </Item>
                )}
            />
        </Section>
    );
}

export function Appointments({ done }: { done: boolean }) {
    const t = safety();
    const shown = useContext(About);
    const all = useMemo(() => coming(shown.index, shown.at), [shown]);
    const actors = (r: Resource) =>
        list<any>(r.participant)
            .filter((p) => !/Patient\//.test(p.actor?.reference ?? ''))
            .map((p) => shown.index.name(p.actor, r))
            .filter(Boolean)
            .join(', ');
    return (
        <Section id="appointments" title={t.appointments}>
            <Items
                all={all}
                empty={done ? t.noAppointments : t.reading}
                max={3}
                item={(r) => (
                    <Item res={r} title={showDateTime(r.start)} key={r.id}>
                        <Facts
                            of={[r.description || title(list<any>(r.reasonCode)[0]), actors(r)]}
                        />
                    </Item>
                )}
            />
        </Section>
    );
}
