/* The other organisations: who is in the locality, who is away, what waits, what is wrong. */
import { json } from '../api.ts';
import { showDate, showDateTime } from '../model/dates.ts';
import { list } from '../model/fhir.ts';
import {
    alarmWords,
    daysLeft,
    kindWords,
    membersOf,
    proposalParts,
    WARN_DAYS,
    witnessWords,
    type Alarm,
    type Member,
    type State,
} from '../model/locality.ts';
import { Empty, Heading, Section, Tag, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Button, Main, useLoaded } from '../parts/form.tsx';
import { locality } from '../texts/locality.ts';

function MemberItem({ member, self }: { member: Member; self: boolean }) {
    const t = locality();
    return (
        <li class="k-item">
            <p class="k-item__title">
                {member.name}
                {self ? ` ${t.here}` : ''}{' '}
                {self ? null : member.away ? (
                    <Tag tone="red">{t.away}</Tag>
                ) : (
                    <Tag tone="green">{t.there}</Tag>
                )}
            </p>
            <p>
                {kindWords(member)}, {member.ods}
            </p>
            {self ? null : <p>{witnessWords(member, showDateTime)}.</p>}
            <p class="k-quiet k-break">{member.url}</p>
        </li>
    );
}

function AlarmItem({ alarm, nameOf }: { alarm: Alarm; nameOf: (ods: string) => string }) {
    return (
        <li class="k-item">
            <p class="k-item__title">
                {alarmWords(alarm.kind)}
                {alarm.member ? `: ${nameOf(alarm.member)}` : ''}
            </p>
            <p class="k-break">{alarm.words}</p>
            <p class="k-quiet">
                {showDateTime(alarm.last)}
                {alarm.count > 1
                    ? `, ${locality().times(alarm.count, showDateTime(alarm.first))}`
                    : ''}
            </p>
        </li>
    );
}

function Directory({ state }: { state: State }) {
    const t = locality();
    const left = daysLeft(state, Date.now());
    const ends = t.ends(showDate(state.until), left);
    if (left < WARN_DAYS) {
        return (
            <div class="nhsuk-warning-callout">
                <h2 class="nhsuk-warning-callout__label">
                    <span class="nhsuk-u-visually-hidden">{t.important}</span>
                    {t.endsSoon}
                </h2>
                <p>
                    {ends} {t.renew} <code>kith locality propose DIR renew</code>
                </p>
            </div>
        );
    }
    return (
        <p>
            {t.inForce(state.number ?? 0)} {ends}{' '}
            {t.signatures(state.quorum ?? 0, membersOf(state).length)}
        </p>
    );
}

function Proposals({ proposals }: { proposals: string[] }) {
    const t = locality();
    return (
        <Section id="proposals" title={t.proposals} note={`(${proposals.length})`} wide>
            {proposals.length ? (
                <>
                    <p>
                        {t.sign} <code>kith locality sign DIR PROPOSAL</code>
                    </p>
                    <ul class="k-items">
                        {proposals.map(proposalParts).map((p) => (
                            <li class="k-item">
                                <p class="k-item__title k-break">{p.digits}</p>
                                <p class="k-break">{p.what}</p>
                            </li>
                        ))}
                    </ul>
                </>
            ) : (
                <Empty>{t.nothingWaits}</Empty>
            )}
        </Section>
    );
}

function Shown({ state }: { state: State }) {
    const t = locality();
    const members = membersOf(state);
    const away = members.filter((m) => m.away);
    const alarms = list<Alarm>(state.alarms);
    const nameOf = (ods: string) => members.find((m) => m.ods === ods)?.name ?? ods;
    return (
        <>
            {state.none ? (
                <div class="nhsuk-inset-text">
                    <p>{t.alone(state.none)}</p>
                </div>
            ) : (
                <>
                    <h2 class="nhsuk-heading-m">{state.name}</h2>
                    <Directory state={state} />
                    <p role="status">
                        {away.length
                            ? t.awayNow(away.map((m) => m.name).join(', '))
                            : t.nobodyAway}
                    </p>
                </>
            )}
            <Section id="alarms" title={t.alarms} note={`(${alarms.length})`} wide>
                {alarms.length ? (
                    <>
                        <p>
                            {t.alarmsBefore} <a href="#/reviews">{t.reviews}</a>
                            {t.alarmsAfter}
                        </p>
                        <ul class="k-items">
                            {alarms.map((a) => (
                                <AlarmItem alarm={a} nameOf={nameOf} />
                            ))}
                        </ul>
                    </>
                ) : (
                    <Empty>{t.noAlarms}</Empty>
                )}
            </Section>
            {state.none ? null : (
                <>
                    <Proposals proposals={list<string>(state.proposals)} />
                    <Section id="members" title={t.members} note={`(${members.length})`} wide>
                        <ul class="k-items">
                            {members.map((m) => (
                                <MemberItem member={m} self={m.ods === state.self} />
                            ))}
                        </ul>
                        {list<any>(state.removed).map((r) => (
                            <p class="k-quiet k-break">
                                {t.removed(r.ods, showDate(r.at), r.why)}
                            </p>
                        ))}
                        {list<string>(state.allies).map((name) => (
                            <p class="k-quiet">{t.ally(name)}</p>
                        ))}
                    </Section>
                </>
            )}
        </>
    );
}

export default function LocalityPage() {
    const t = locality();
    useTitle(t.title);
    const loaded = useLoaded(
        (signal) => json<State>('/locality-state', undefined, signal),
        [],
    );
    return (
        <Main>
            <Heading>{t.title}</Heading>
            <p>{t.lead}</p>
            {loaded.trouble ? <TroubleBox trouble={loaded.trouble} again={loaded.again} /> : null}
            {loaded.value ? (
                <>
                    <Shown state={loaded.value} />
                    <Button kind="secondary" click={loaded.again}>
                        {t.again}
                    </Button>
                </>
            ) : loaded.trouble ? null : (
                <p role="status">{t.looking}</p>
            )}
        </Main>
    );
}
