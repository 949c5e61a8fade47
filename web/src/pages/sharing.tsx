/* Who can see my record: who and why, the choices made, a new choice, and what A&E would see. */
import { useState } from 'preact/hooks';
import { get, operate } from '../api.ts';
import { isPatient, mayDo } from '../model/account.ts';
import {
    becauseWords,
    choiceWords,
    partyName,
    readSharing,
    type Choice,
    type Relationship,
    type Sharing,
} from '../model/choices.ts';
import { showDateTime, showPeriod } from '../model/dates.ts';
import { parameters } from '../model/params.ts';
import { Empty, Heading, Section, Status, Tag, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { afterDrawing } from '../parts/focus.ts';
import { Button, Main, useAction, useLoaded } from '../parts/form.tsx';
import { PersonLinks } from '../parts/person.tsx';
import { GrantForm, NewChoice } from './choice.tsx';
import { Preview } from './preview.tsx';
import type { PageProps } from '../routes.ts';

function Relations({ all, empty }: { all: Relationship[]; empty: string }) {
    if (!all.length) {
        return <Empty>{empty}</Empty>;
    }
    return (
        <ul class="k-items">
            {all.map((r) => (
                <li class="k-item">
                    <p class="k-item__title">{partyName(r.party)}</p>
                    <p>{becauseWords(r)}</p>
                    {showPeriod(r.start, r.end) ? (
                        <p class="k-quiet">{showPeriod(r.start, r.end)}</p>
                    ) : null}
                </li>
            ))}
        </ul>
    );
}

function ChoiceItem(props: {
    choice: Choice;
    sharing: Sharing;
    end: ((choice: Choice) => void) | null;
}) {
    const { choice, sharing } = props;
    return (
        <li class="k-item k-row">
            <div>
                <p class="k-item__title">
                    {choiceWords(choice, sharing.categories)}{' '}
                    <Tag tone={choice.permit ? 'green' : 'red'}>
                        {choice.permit ? 'Shared' : 'Not shared'}
                    </Tag>
                </p>
                {choice.firm ? <p>Also not in an emergency.</p> : null}
                {showPeriod(choice.start, choice.end) ? (
                    <p class="k-quiet">{showPeriod(choice.start, choice.end)}</p>
                ) : null}
            </div>
            {props.end ? (
                <Button kind="small" click={() => props.end!(choice)}>
                    End this choice
                    <span class="nhsuk-u-visually-hidden">
                        : {choiceWords(choice, sharing.categories)}
                    </span>
                </Button>
            ) : null}
        </li>
    );
}

function EndDialog(props: { choice: Choice; words: string; close: () => void; end: () => void }) {
    return (
        <Dialog id="end" title="End this choice?" close={props.close}>
            <p>{props.words}</p>
            <p>
                {props.choice.permit
                    ? 'If you end it, they see only what they see without it. That counts at once.'
                    : 'If you end it, they can see this again when they look after you. That counts at once.'}
            </p>
            <div class="k-buttons">
                <Button kind="warning" click={props.end}>
                    End it
                </Button>
                <Button kind="secondary" click={props.close}>
                    Keep it
                </Button>
            </div>
        </Dialog>
    );
}

function Overrides({ all }: { all: Relationship[] }) {
    return all.length ? (
        <Section id="overrides" title="Opened in an emergency" wide>
            <ul class="k-items">
                {all.map((o) => (
                    <li class="k-item">
                        <p class="k-item__title">{partyName(o.party)}</p>
                        <p>{becauseWords(o)}</p>
                        <p class="k-quiet">
                            {showDateTime(o.start)}
                            {o.end ? ` to ${showDateTime(o.end)}` : ''}
                        </p>
                    </li>
                ))}
            </ul>
        </Section>
    ) : null;
}

export default function SharingPage({ params, session }: PageProps) {
    const id = params.id!;
    const own = session.account?.patient === id;
    const title = own ? 'Who can see my record' : 'Who can see this record';
    const path = `Patient/${encodeURIComponent(id)}`;
    const [ending, setEnding] = useState<Choice | null>(null);
    const [making, setMaking] = useState<'choice' | 'grant' | null>(null);
    const [said, setSaid] = useState('');
    const action = useAction();
    useTitle(title);
    const loaded = useLoaded((signal) => get(`${path}/$sharing`, signal).then(readSharing), [id]);
    const sharing = loaded.value;
    const change = own || mayDo(session, 'record-consent');
    const end = (choice: Choice) =>
        action.run(async () => {
            loaded.put(
                readSharing(
                    await operate(`${path}/$sharing-end`, parameters([['id', 'Id', choice.id]])),
                ),
            );
            setSaid('The choice has ended');
        });
    const saved = (s: Sharing, words: string) => {
        loaded.put(s);
        setMaking(null);
        setSaid(words);
        afterDrawing(() => document.getElementById('h-choices')?.focus());
    };
    return (
        <Main>
            <PersonLinks id={id} session={session} page="sharing" />
            <Heading>{title}</Heading>
            {said ? (
                <p class="k-said" role="status">
                    {said}
                </p>
            ) : (
                <Status>{''}</Status>
            )}
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
            {loaded.trouble ? <TroubleBox trouble={loaded.trouble} again={loaded.again} /> : null}
            {sharing ? (
                <>
                    <Section
                        id="relations"
                        title={own ? 'Who looks after you now' : 'Who looks after this person now'}
                        wide
                    >
                        <p>
                            Only people who have a reason can see {own ? 'your' : 'the'} record.
                            These have one.
                        </p>
                        <Relations all={sharing.relationships} empty="Nobody has one now." />
                    </Section>
                    <Section id="choices" title={own ? 'Your choices' : 'Choices'} wide>
                        {sharing.choices.length ? (
                            <ul class="k-items">
                                {sharing.choices.map((c) => (
                                    <ChoiceItem
                                        key={c.id}
                                        choice={c}
                                        sharing={sharing}
                                        end={change ? setEnding : null}
                                    />
                                ))}
                            </ul>
                        ) : (
                            <Empty>
                                {own
                                    ? 'You have made no choice yet. '
                                    : 'No choice has been made. '}
                                People who look after {own ? 'you' : 'them'} can see the record. It
                                is not shared for research.
                            </Empty>
                        )}
                        {making === 'choice' ? (
                            <NewChoice
                                path={path}
                                sharing={sharing}
                                saved={(s) => saved(s, 'Your choice was saved')}
                                stop={() => setMaking(null)}
                            />
                        ) : making === 'grant' ? (
                            <GrantForm
                                path={path}
                                sharing={sharing}
                                saved={(s) => saved(s, 'They can see the record now')}
                                stop={() => setMaking(null)}
                            />
                        ) : change ? (
                            <div class="k-buttons k-after">
                                <Button kind="secondary" click={() => setMaking('choice')}>
                                    Make a choice
                                </Button>
                                <Button kind="secondary" click={() => setMaking('grant')}>
                                    Let somebody else see it
                                </Button>
                            </div>
                        ) : null}
                    </Section>
                    <Preview path={path} sharing={sharing} own={own} />
                    <Overrides all={sharing.overrides} />
                    {isPatient(session) ? (
                        <p>
                            See <a href={`#/people/${id}/access`}>who has looked</a>.
                        </p>
                    ) : null}
                </>
            ) : loaded.trouble ? null : (
                <p role="status">Reading who can see it</p>
            )}
            {ending && sharing ? (
                <EndDialog
                    choice={ending}
                    words={choiceWords(ending, sharing.categories)}
                    close={() => setEnding(null)}
                    end={() => {
                        const choice = ending;
                        setEnding(null);
                        void end(choice);
                    }}
                />
            ) : null}
        </Main>
    );
}
