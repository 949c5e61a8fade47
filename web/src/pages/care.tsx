/* Plans with what is wanted and what happens, help that is arranged, the people in it, whom to call. */
import { useMemo } from 'preact/hooks';
import { isPatient, mayDo, type Session } from '../model/account.ts';
import {
    plans,
    support,
    teams,
    type HowOften,
    type Plan,
    type SupportLine,
    type Team,
} from '../model/care.ts';
import { contactPeople, type ContactPerson } from '../model/contacts.ts';
import { showDate } from '../model/dates.ts';
import { AboutMeCard } from '../parts/about-me.tsx';
import { Empty, Heading, More, Section, Tag } from '../parts/basic.tsx';
import { isMine, ownHref } from '../parts/own.tsx';
import { entryHref, recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { care } from '../texts/care.ts';

const joined = (all: string[], and: string): string =>
    all.length > 1 ? `${all.slice(0, -1).join(', ')} ${and} ${all[all.length - 1]}` : (all[0] ?? '');

/* 'Every day at 08:00, for 45 minutes' */
function oftenWords(o: HowOften | null): string {
    const t = care();
    if (!o) {
        return '';
    }
    const daily = o.times === 7 && o.period === 1 && o.unit === 'wk' && !o.days.length;
    const often = daily
        ? t.each.d!
        : !o.period || !o.unit
          ? o.text
          : o.times <= 1
            ? o.period === 1
                ? (t.each[o.unit] ?? '')
                : t.every(o.period, o.unit)
            : o.period === 1
              ? t.times(o.times, o.unit)
              : t.every(o.period, o.unit);
    const days = joined(o.days.map((d) => t.days[d] ?? d), t.and);
    const weekly = o.unit === 'wk' && o.period === 1 && o.days.length === o.times;
    const when = [
        weekly ? t.everyDay(days) : often,
        days && !weekly ? t.on(days) : '',
        o.at.length ? t.at(joined(o.at, t.and)) : '',
    ]
        .filter(Boolean)
        .join(' ');
    return [when, o.minutes ? t.long(o.minutes) : ''].filter(Boolean).join(', ');
}

function Lines({ id, all }: { id: string; all: SupportLine[] }) {
    const t = care();
    return (
        <>
            {all.map((line) => (
                <div class="k-care__line" key={line.res.id}>
                    <h3 class="nhsuk-heading-s">
                        <a href={entryHref(id, line.res)}>{line.what}</a>{' '}
                        {line.waits ? <Tag tone="orange">{t.onHold}</Tag> : null}
                    </h3>
                    {line.how ? <p class="k-break">{line.how}</p> : null}
                    <dl class="nhsuk-summary-list k-facts">
                        {(
                            [
                                [t.often, oftenWords(line.often)],
                                ...line.facts,
                                [t.who, line.who.join(', ')],
                                [
                                    t.from,
                                    line.until
                                        ? t.fromTo(showDate(line.from), showDate(line.until))
                                        : line.from
                                          ? t.untilNow(showDate(line.from))
                                          : t.ongoing,
                                ],
                            ] as [string, string][]
                        )
                            .filter(([, value]) => value)
                            .map(([label, value]) => (
                                <div class="nhsuk-summary-list__row" key={label}>
                                    <dt class="nhsuk-summary-list__key">{label}</dt>
                                    <dd class="nhsuk-summary-list__value k-break">{value}</dd>
                                </div>
                            ))}
                    </dl>
                </div>
            ))}
        </>
    );
}

function PlanCard({ id, plan, staff }: { id: string; plan: Plan; staff: boolean }) {
    const t = care();
    const said = t.planBy(plan.by, showDate(plan.from), showDate(plan.until));
    return (
        <article class="k-care__line">
            <h3 class="nhsuk-heading-s">
                <a href={entryHref(id, plan.res)}>{plan.title}</a>
            </h3>
            {said ? <p class="k-quiet">{said}</p> : null}
            {plan.about ? <p class="k-break">{plan.about}</p> : null}
            {plan.goals.length ? (
                <>
                    <h4 class="nhsuk-heading-xs">{staff ? t.goalsStaff : t.goals}</h4>
                    <ul class="nhsuk-list nhsuk-list--bullet">
                        {plan.goals.map((g) => (
                            <li>
                                {g.text}
                                {g.due ? `, ${t.due(showDate(g.due))}` : ''}{' '}
                                {g.state === 'completed' ? <Tag tone="green">{t.reached}</Tag> : null}
                                {staff && g.own ? (
                                    <span class="k-quiet k-block">{t.ownWords}</span>
                                ) : null}
                            </li>
                        ))}
                    </ul>
                </>
            ) : null}
            {plan.steps.length ? (
                <>
                    <h4 class="nhsuk-heading-xs">{t.steps}</h4>
                    <ul class="nhsuk-list k-care__steps">
                        {plan.steps.map((s) => (
                            <li>
                                <span>
                                    {s.text}
                                    <span class="k-quiet k-block">
                                        {[oftenWords(s.often), s.who.join(', '), s.from ? t.since(showDate(s.from)) : '']
                                            .filter(Boolean)
                                            .join(', ')}
                                    </span>
                                </span>{' '}
                                {t.states[s.state] ? (
                                    <Tag tone={s.state === 'completed' ? 'green' : s.state === 'in-progress' ? 'blue' : 'grey'}>
                                        {t.states[s.state]}
                                    </Tag>
                                ) : null}
                            </li>
                        ))}
                    </ul>
                </>
            ) : null}
        </article>
    );
}

function Teams({ all }: { all: Team[] }) {
    return (
        <>
            {all.map((team) => (
                <div class="k-care__line" key={team.res.id}>
                    {team.name ? <h3 class="nhsuk-heading-s">{team.name}</h3> : null}
                    <dl class="nhsuk-summary-list k-facts">
                        {team.members.map((m) => (
                            <div class="nhsuk-summary-list__row">
                                <dt class="nhsuk-summary-list__key">{m.name || m.role}</dt>
                                <dd class="nhsuk-summary-list__value">{m.name ? m.role : ''}</dd>
                            </div>
                        ))}
                    </dl>
                </div>
            ))}
        </>
    );
}

function Reach({ kind, value }: { kind: string; value: string }) {
    const scheme = kind === 'phone' ? 'tel:' : kind === 'email' ? 'mailto:' : '';
    const target = kind === 'phone' ? value.replace(/[^\d+]/g, '') : value;
    return scheme ? (
        <a class="k-block" href={`${scheme}${target}`}>
            {value}
        </a>
    ) : (
        <span class="k-block">{value}</span>
    );
}

/* An entry of this node that staff wrote; the person's own words are theirs. */
const changeable = (c: ContactPerson, session: Session): boolean =>
    Boolean(c.key) && !c.key.includes('~') && !c.own && mayDo(session, 'write-record');

function Contacts(props: { id: string; all: ContactPerson[]; mine: boolean; session: Session }) {
    const t = care();
    const { all, mine } = props;
    return (
        <dl class="nhsuk-summary-list k-facts">
            {all.map((c) => (
                <div class="nhsuk-summary-list__row">
                    <dt class="nhsuk-summary-list__key">{c.name}</dt>
                    <dd class="nhsuk-summary-list__value k-break">
                        {c.relation}
                        {c.reach.map((r) => (
                            <Reach {...r} />
                        ))}
                        {c.carer ? (
                            <span class="k-block">{mine ? t.carerYou : t.carer}</span>
                        ) : null}
                        {c.emergency ? <span class="k-block">{t.emergency}</span> : null}
                        {c.own ? (
                            <span class="k-quiet k-block">{mine ? t.byYou : t.by}</span>
                        ) : null}
                        {changeable(c, props.session) ? (
                            <a class="k-block" href={recordHref(props.id, `change/${c.key}`)}>
                                {t.changeContact}
                                <span class="nhsuk-u-visually-hidden"> {c.name}</span>
                            </a>
                        ) : null}
                    </dd>
                </div>
            ))}
        </dl>
    );
}

export default function CarePage({ record, session }: RecordPageProps) {
    const t = care();
    const { id, index } = record;
    const staff = !isPatient(session);
    const mine = isMine(session, id);
    const all = useMemo(
        () => ({
            support: support(index),
            plans: plans(index),
            teams: teams(index).filter((team) => team.members.length),
            contacts: contactPeople(index, record.patient),
        }),
        [record.size, record.names],
    );
    return (
        <>
            <Heading>{t.title}</Heading>
            {mine ? <p class="nhsuk-body-l">{t.lead}</p> : null}
            {staff ? <AboutMeCard index={index} /> : null}
            <Section id="support" title={t.support} wide>
                {all.support.length ? (
                    <Lines id={id} all={all.support} />
                ) : (
                    <Empty>{staff ? t.noSupportStaff : t.noSupport}</Empty>
                )}
            </Section>
            <Section id="plans" title={t.plans} wide>
                {all.plans.current.length ? (
                    all.plans.current.map((p) => (
                        <PlanCard id={id} plan={p} staff={staff} key={p.res.id} />
                    ))
                ) : (
                    <Empty>{t.noPlans}</Empty>
                )}
                {all.plans.past.length ? (
                    <More summary={t.past(all.plans.past.length)}>
                        {all.plans.past.map((p) => (
                            <PlanCard id={id} plan={p} staff={staff} key={p.res.id} />
                        ))}
                    </More>
                ) : null}
            </Section>
            <Section id="teams" title={staff ? t.teamsStaff : t.teams} wide>
                {all.teams.length ? <Teams all={all.teams} /> : <Empty>{t.noTeams}</Empty>}
            </Section>
            <Section id="contacts" title={t.contacts} wide>
                {all.contacts.length ? (
                    <Contacts id={id} all={all.contacts} mine={mine} session={session} />
                ) : (
                    <Empty>{t.noContacts}</Empty>
                )}
                {mine ? (
                    <p class="k-last">
                        <a href={ownHref(id, 'add/contact')}>{t.addContact}</a>
                    </p>
                ) : staff && mayDo(session, 'write-record') ? (
                    <p class="k-last">
                        <a href={recordHref(id, 'write/contact')}>{t.addContactStaff}</a>
                    </p>
                ) : null}
            </Section>
        </>
    );
}
