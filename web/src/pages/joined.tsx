/* The record of all places that hold something of a person, with who answered and who did not. */
import { useState } from 'preact/hooks';
import { get } from '../api.ts';
import { isPatient } from '../model/account.ts';
import { showPeriod } from '../model/dates.ts';
import type { Bundle } from '../model/fhir.ts';
import {
    itemKinds,
    kindOfItem,
    missing,
    OUTCOME_WORDS,
    readJoined,
    type Item,
    type Joined,
    type Line,
    type Place,
} from '../model/joined.ts';
import {
    Empty,
    Heading,
    plural,
    Section,
    Status,
    Tag,
    TroubleBox,
    useTitle,
} from '../parts/basic.tsx';
import { Button, Main, SelectField, useLoaded } from '../parts/form.tsx';
import { DemoNodesSection } from '../parts/demo-nodes.tsx';
import { PersonLinks } from '../parts/person.tsx';
import { entryHref } from '../router.ts';
import type { PageProps } from '../routes.ts';

const AT_ONCE = 100;

function PlaceItem({ place }: { place: Place }) {
    const [said, tone] = OUTCOME_WORDS[place.outcome];
    return (
        <li class="k-item">
            <p class="k-item__title">
                {place.name}
                {place.own ? ' (here)' : ''} <Tag tone={tone}>{said}</Tag>
            </p>
            {place.outcome === 'answered' ? (
                <p>{plural(place.entries, 'entry', 'entries')}</p>
            ) : (
                <p>{place.words}</p>
            )}
            {place.more ? <p>It has more than could be fetched at once.</p> : null}
            {place.withheld ? <p>Something there is not shown to you.</p> : null}
            {place.unwitnessed ? (
                <p class="k-quiet">No other organisation witnesses its log.</p>
            ) : null}
        </li>
    );
}

function PartWarning({ joined, again }: { joined: Joined; again: () => void }) {
    const lacking = missing(joined);
    const answered = joined.whole && lacking.every((p) => p.outcome === 'answered' && !p.more);
    return (
        <div class="nhsuk-warning-callout">
            <h2 class="nhsuk-warning-callout__label">
                <span class="nhsuk-u-visually-hidden">Important: </span>
                {answered ? 'Something is not shown to you' : 'This may not be the whole record'}
            </h2>
            <p>{joined.summary}.</p>
            {lacking.length ? (
                <ul>
                    {lacking.map((p) => (
                        <li>{p.words}</li>
                    ))}
                </ul>
            ) : null}
            {joined.notes.map((note) => (
                <p>{note}.</p>
            ))}
            <Button kind="secondary" click={again}>
                Ask all places again
            </Button>
        </div>
    );
}

function LineText({ line, id, grouped }: { line: Line; id: string; grouped: boolean }) {
    const { entry } = line;
    const when = showPeriod(entry.start, entry.end);
    const title = line.own ? <a href={entryHref(id, entry.res)}>{entry.title}</a> : entry.title;
    return (
        <>
            <p class={grouped ? '' : 'k-item__title'}>
                {title} {entry.status ? <Tag>{entry.status}</Tag> : null}
            </p>
            {entry.detail ? <p class="k-break">{entry.detail}</p> : null}
            <p class="k-quiet">
                {[entry.kind, when || 'No date recorded', `From ${line.place}`].join(' · ')}
                {line.also.length ? `; the same entry is also at ${line.also.join(', ')}` : ''}
                {line.unwitnessed ? '; no other organisation witnesses its log' : ''}
            </p>
        </>
    );
}

function ItemRow({ item, id }: { item: Item; id: string }) {
    if (item.lines.length === 1) {
        return (
            <li class="k-item">
                <LineText line={item.lines[0]!} id={id} grouped={false} />
            </li>
        );
    }
    return (
        <li class="k-item">
            <p class="k-item__title">
                {item.lines[0]!.entry.title} <Tag tone="blue">Likely the same thing</Tag>
            </p>
            <p>
                {plural(item.lines.length, 'entry', 'entries')} that look alike. They may still
                differ: read each of them.
            </p>
            <ul class="k-items">
                {item.lines.map((line) => (
                    <li class="k-item">
                        <LineText line={line} id={id} grouped />
                    </li>
                ))}
            </ul>
        </li>
    );
}

function Entries({ joined, id }: { joined: Joined; id: string }) {
    const [most, setMost] = useState(AT_ONCE);
    const [kind, setKind] = useState('');
    const kinds = itemKinds(joined.items);
    const wanted = kinds.some(([k]) => k === kind) ? kind : ''; /* asked again it may be gone */
    const items = joined.items.filter((item) => !wanted || kindOfItem(item) === wanted);
    return (
        <Section id="entries" title="Entries" note={`(${joined.items.length})`} wide>
            {kinds.length > 1 ? (
                <SelectField
                    id="joined-kind"
                    label="Show"
                    value={wanted}
                    options={[
                        { value: '', label: 'Everything' },
                        ...kinds.map(([k, n]) => ({ value: k, label: `${k} (${n})` })),
                    ]}
                    change={(k) => {
                        setKind(k);
                        setMost(AT_ONCE);
                    }}
                />
            ) : null}
            {items.length ? (
                <ul class="k-items">
                    {items.slice(0, most).map((item) => (
                        <ItemRow item={item} id={id} />
                    ))}
                </ul>
            ) : (
                <Empty>
                    {joined.whole
                        ? 'No place has an entry that you may see.'
                        : 'No place that answered has an entry that you may see.'}
                </Empty>
            )}
            {items.length > most ? (
                <Button kind="secondary" click={() => setMost(most + AT_ONCE)}>
                    Show {Math.min(AT_ONCE, items.length - most)} more of {items.length}
                </Button>
            ) : null}
        </Section>
    );
}

export default function JoinedPage({ params, session }: PageProps) {
    const id = params.id!;
    const own = isPatient(session) && session.account?.patient === id;
    const name = own ? 'My record from all places' : 'Record from all places';
    useTitle(name);
    const loaded = useLoaded(
        (signal) =>
            get<Bundle>(`Patient/${encodeURIComponent(id)}/$joined`, signal).then(readJoined),
        [id],
    );
    const joined = loaded.value;
    return (
        <Main>
            <PersonLinks id={id} session={session} page="joined" />
            <Heading>{name}</Heading>
            <p>
                Each organisation keeps its own part. This page asks all of them now, and shows what
                comes, newest first.
            </p>
            {loaded.trouble ? (
                <TroubleBox trouble={loaded.trouble} again={loaded.again} />
            ) : !joined ? (
                <p role="status">Asking all places</p>
            ) : (
                <>
                    <Status>{joined.summary}</Status>
                    {joined.whole && !missing(joined).length ? (
                        <div class="nhsuk-inset-text">
                            <p>{joined.summary}.</p>
                        </div>
                    ) : (
                        <PartWarning joined={joined} again={loaded.again} />
                    )}
                </>
            )}
            <DemoNodesSection changed={loaded.again} />
            {loaded.trouble || !joined ? null : (
                <>
                    <Section
                        id="places"
                        title="Places"
                        note={`(${joined.places.length})`}
                        wide
                    >
                        <ul class="k-items">
                            {joined.places.map((place) => (
                                <PlaceItem place={place} />
                            ))}
                        </ul>
                    </Section>
                    <Entries joined={joined} id={id} />
                </>
            )}
        </Main>
    );
}
