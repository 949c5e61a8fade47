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
import { Empty, Heading, plural, Section, Tag, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Button, Main, useLoaded } from '../parts/form.tsx';

function MemberItem({ member, self }: { member: Member; self: boolean }) {
    return (
        <li class="k-item">
            <p class="k-item__title">
                {member.name}
                {self ? ' (here)' : ''}{' '}
                {self ? null : member.away ? (
                    <Tag tone="red">Away</Tag>
                ) : (
                    <Tag tone="green">There</Tag>
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
                    ? `, ${plural(alarm.count, 'time')} since ${showDateTime(alarm.first)}`
                    : ''}
            </p>
        </li>
    );
}

function Directory({ state }: { state: State }) {
    const left = daysLeft(state, Date.now());
    const ends = `It ends on ${showDate(state.until)}, in ${plural(left, 'day')}.`;
    if (left < WARN_DAYS) {
        return (
            <div class="nhsuk-warning-callout">
                <h2 class="nhsuk-warning-callout__label">
                    <span class="nhsuk-u-visually-hidden">Important: </span>
                    The directory ends soon
                </h2>
                <p>
                    {ends} After that nobody is asked, and nobody is answered. An administrator
                    proposes a new year: <code>kith locality propose DIR renew</code>
                </p>
            </div>
        );
    }
    return (
        <p>
            Directory number {state.number} is in force. {ends} A change needs the signatures of{' '}
            {state.quorum} of {plural(membersOf(state).length, 'member')}.
        </p>
    );
}

function Proposals({ proposals }: { proposals: string[] }) {
    return (
        <Section id="proposals" title="Waiting for signatures" note={`(${proposals.length})`} wide>
            {proposals.length ? (
                <>
                    <p>
                        An administrator of this organisation reads what would change, and signs:{' '}
                        <code>kith locality sign DIR PROPOSAL</code>
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
                <Empty>Nothing waits.</Empty>
            )}
        </Section>
    );
}

function Shown({ state }: { state: State }) {
    const members = membersOf(state);
    const away = members.filter((m) => m.away);
    const alarms = list<Alarm>(state.alarms);
    const nameOf = (ods: string) => members.find((m) => m.ods === ods)?.name ?? ods;
    return (
        <>
            {state.none ? (
                <div class="nhsuk-inset-text">
                    <p>This node is with no others: {state.none}.</p>
                </div>
            ) : (
                <>
                    <h2 class="nhsuk-heading-m">{state.name}</h2>
                    <Directory state={state} />
                    <p role="status">
                        {away.length
                            ? `Away: ${away.map((m) => m.name).join(', ')}. Records that are joined now are without them, and say so.`
                            : 'Nobody is known to be away.'}
                    </p>
                </>
            )}
            <Section id="alarms" title="Alarms" note={`(${alarms.length})`} wide>
                {alarms.length ? (
                    <>
                        <p>
                            Each is a case in <a href="#/reviews">Reviews</a>, where a privacy
                            officer closes it.
                        </p>
                        <ul class="k-items">
                            {alarms.map((a) => (
                                <AlarmItem alarm={a} nameOf={nameOf} />
                            ))}
                        </ul>
                    </>
                ) : (
                    <Empty>There are no alarms.</Empty>
                )}
            </Section>
            {state.none ? null : (
                <>
                    <Proposals proposals={list<string>(state.proposals)} />
                    <Section id="members" title="Members" note={`(${members.length})`} wide>
                        <ul class="k-items">
                            {members.map((m) => (
                                <MemberItem member={m} self={m.ods === state.self} />
                            ))}
                        </ul>
                        {list<any>(state.removed).map((r) => (
                            <p class="k-quiet k-break">
                                {r.ods} was removed on {showDate(r.at)}: {r.why}
                            </p>
                        ))}
                        {list<string>(state.allies).map((name) => (
                            <p class="k-quiet">Recognises the locality {name}</p>
                        ))}
                    </Section>
                </>
            )}
        </>
    );
}

export default function LocalityPage() {
    useTitle('Locality');
    const loaded = useLoaded(
        (signal) => json<State>('/locality-state', undefined, signal),
        [],
    );
    return (
        <Main>
            <Heading>Locality</Heading>
            <p>The organisations whose nodes join a person’s record up, each keeping its own part.</p>
            {loaded.trouble ? <TroubleBox trouble={loaded.trouble} again={loaded.again} /> : null}
            {loaded.value ? (
                <>
                    <Shown state={loaded.value} />
                    <Button kind="secondary" click={loaded.again}>
                        Look again
                    </Button>
                </>
            ) : loaded.trouble ? null : (
                <p role="status">Looking</p>
            )}
        </Main>
    );
}
