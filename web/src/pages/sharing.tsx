/* Who can see my record: who and why, the choices made, a new choice, and what A&E would see. */
import { useState } from 'preact/hooks';
import { get, operate } from '../api.ts';
import { isPatient, mayDo } from '../model/account.ts';
import {
    becauseWords,
    choiceWords,
    openedWords,
    partyName,
    readSharing,
    type Choice,
    type Relationship,
    type Sharing,
} from '../model/choices.ts';
import { showPeriod, showTimes } from '../model/dates.ts';
import { parameters } from '../model/params.ts';
import { Empty, Heading, Section, Status, Tag, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { afterDrawing } from '../parts/focus.ts';
import { Button, Main, useAction, useLoaded } from '../parts/form.tsx';
import { PersonLinks } from '../parts/person.tsx';
import { WhoItIs } from '../parts/who-it-is.tsx';
import { GrantForm, NewChoice } from './choice.tsx';
import { Preview } from './preview.tsx';
import type { PageProps } from '../routes.ts';
import { sharing as texts } from '../texts/sharing.ts';

function Relations({ all, own }: { all: Relationship[]; own: boolean }) {
    if (!all.length) {
        return <Empty>{texts().nowNone}</Empty>;
    }
    return (
        <ul class="k-items">
            {all.map((r) => (
                <li class="k-item">
                    <p class="k-item__title">{partyName(r.party)}</p>
                    <p>{becauseWords(r, own)}</p>
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
    const t = texts();
    return (
        <li class="k-item k-row">
            <div>
                <p class="k-item__title">
                    {choiceWords(choice, sharing.categories)}{' '}
                    <Tag tone={choice.permit ? 'green' : 'red'}>
                        {choice.permit ? t.shared : t.notShared}
                    </Tag>
                </p>
                {choice.firm ? <p>{t.firm}</p> : null}
                {showPeriod(choice.start, choice.end) ? (
                    <p class="k-quiet">{showPeriod(choice.start, choice.end)}</p>
                ) : null}
            </div>
            {props.end ? (
                <Button kind="small" click={() => props.end!(choice)}>
                    {t.end}
                    <span class="nhsuk-u-visually-hidden">
                        : {choiceWords(choice, sharing.categories)}
                    </span>
                </Button>
            ) : null}
        </li>
    );
}

function EndDialog(props: { choice: Choice; words: string; close: () => void; end: () => void }) {
    const t = texts();
    return (
        <Dialog id="end" title={t.endQuestion} close={props.close}>
            <p>{props.words}</p>
            <p>{props.choice.permit ? t.endPermit : t.endRefusal}</p>
            <div class="k-buttons">
                <Button kind="warning" click={props.end}>
                    {t.endDo}
                </Button>
                <Button kind="secondary" click={props.close}>
                    {t.keep}
                </Button>
            </div>
        </Dialog>
    );
}

function Overrides({ all, own }: { all: Relationship[]; own: boolean }) {
    return all.length ? (
        <Section id="overrides" title={texts().opened} wide>
            <ul class="k-items">
                {all.map((o) => (
                    <li class="k-item">
                        <p class="k-item__title">{partyName(o.party)}</p>
                        <p>{openedWords(o, own)}</p>
                        <p class="k-quiet">{showTimes(o.start, o.end)}</p>
                    </li>
                ))}
            </ul>
        </Section>
    ) : null;
}

export default function SharingPage({ params, session }: PageProps) {
    const id = params.id!;
    const own = session.account?.patient === id;
    const t = texts();
    const title = t.title(own);
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
            setSaid(t.ended);
        });
    const saved = (s: Sharing, words: string) => {
        loaded.put(s);
        setMaking(null);
        setSaid(words);
        afterDrawing(() => document.getElementById('h-choices')?.focus());
    };
    return (
        <Main>
            <WhoItIs id={id} session={session} />
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
                        title={t.now(own)}
                        wide
                    >
                        <p>{t.nowLead(own)}</p>
                        <Relations all={sharing.relationships} own={own} />
                    </Section>
                    <Section id="choices" title={t.choices(own)} wide>
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
                            <Empty>{t.noChoice(own)}</Empty>
                        )}
                        {making === 'choice' ? (
                            <NewChoice
                                path={path}
                                sharing={sharing}
                                saved={(s) => saved(s, t.saved)}
                                stop={() => setMaking(null)}
                            />
                        ) : making === 'grant' ? (
                            <GrantForm
                                path={path}
                                sharing={sharing}
                                saved={(s) => saved(s, t.granted)}
                                stop={() => setMaking(null)}
                            />
                        ) : change ? (
                            <div class="k-buttons k-after">
                                <Button kind="secondary" click={() => setMaking('choice')}>
                                    {t.make}
                                </Button>
                                <Button kind="secondary" click={() => setMaking('grant')}>
                                    {t.grant}
                                </Button>
                            </div>
                        ) : null}
                    </Section>
                    <Preview path={path} sharing={sharing} own={own} />
                    <Overrides all={sharing.overrides} own={own} />
                    {isPatient(session) ? (
                        <p>
                            <a href={`#/people/${id}/access`}>{t.whoLooked}</a>
                        </p>
                    ) : null}
                </>
            ) : loaded.trouble ? null : (
                <p role="status">{t.reading}</p>
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
