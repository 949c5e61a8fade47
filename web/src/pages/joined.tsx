/* The places that hold a part of a record: who has answered, who has not, and what each one keeps. */
import { useMemo } from 'preact/hooks';
import { isPatient } from '../model/account.ts';
import { items, kindCounts, placeOf } from '../model/items.ts';
import { alone, lackWords, missing, summaryWords, type Answers, type Place } from '../model/places.ts';
import type { Kind } from '../model/timeline.ts';
import { Heading, Section, Status, Tag } from '../parts/basic.tsx';
import { DemoNodesSection } from '../parts/demo-nodes.tsx';
import { Button } from '../parts/form.tsx';
import { recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { answered } from '../texts/answered.ts';
import { common } from '../texts/common.ts';
import { places as texts } from '../texts/places.ts';
import { timelineTexts } from '../texts/timeline.ts';
import { timelineOf } from '../timelines.ts';

const TONES: Record<Place['outcome'], string> = {
    answered: 'green',
    'timed-out': 'orange',
    away: 'orange',
    refused: 'red',
    broken: 'red',
};

function Keeps({ kinds, place, id }: { kinds: [Kind, number][]; place: Place; id: string }) {
    const t = texts();
    if (!kinds.length) {
        return <p>{t.keepsNothing}</p>;
    }
    const words = timelineTexts().kinds;
    const query = new URLSearchParams({ place: place.name }).toString();
    return (
        <>
            <p>
                {t.keeps}{' '}
                {kinds.map(([kind, n]) => `${words[kind].toLowerCase()} (${n})`).join(', ')}
            </p>
            <p>
                <a href={`${recordHref(id, 'timeline')}?${query}`}>
                    {t.see}
                    <span class="nhsuk-u-visually-hidden">{t.seeAt(place.name)}</span>
                </a>
            </p>
        </>
    );
}

function PlaceItem(props: { place: Place; kinds: [Kind, number][]; id: string }) {
    const t = texts();
    const { place } = props;
    return (
        <li class="k-item">
            <p class="k-item__title">
                {place.name} {place.own ? t.here : ''}{' '}
                <Tag tone={TONES[place.outcome]}>{t.outcomes[place.outcome]}</Tag>
            </p>
            {place.outcome === 'answered' ? <Keeps {...props} /> : <p>{lackWords(place)}</p>}
            {place.more ? <p>{t.more}</p> : null}
            {place.withheld ? <p>{t.withheld}</p> : null}
            {place.unwitnessed ? <p class="k-quiet">{t.unwitnessed}</p> : null}
        </li>
    );
}

/* How many have answered. */
function saidOf(answers: Answers): string {
    const all = answers.places.length;
    const lacking = missing(answers).length;
    return lacking
        ? texts().some(all - lacking, all)
        : answers.whole
          ? texts().all(all)
          : summaryWords(answers);
}

/* What is lacking in a box that cannot be overlooked; else one line. */
function Whole({ answers, again }: { answers: Answers; again: () => void }) {
    const t = texts();
    const lacking = missing(answers);
    const whole = (answers.whole || alone(answers)) && !lacking.length;
    const button = (
        <Button kind="secondary" click={again}>
            {t.again}
        </Button>
    );
    if (whole) {
        return (
            <div class="nhsuk-inset-text k-inset">
                <p>{saidOf(answers)}</p>
                {button}
            </div>
        );
    }
    return (
        <div class="nhsuk-warning-callout">
            <h2 class="nhsuk-warning-callout__label">
                <span class="nhsuk-u-visually-hidden">{common().important} </span>
                {t.part}
            </h2>
            <p>{saidOf(answers)}</p>
            <ul>
                {lacking.map((p) => (
                    <li>{lackWords(p)}</li>
                ))}
            </ul>
            {answers.notes.map((note) => (
                <p>{note}.</p>
            ))}
            {button}
        </div>
    );
}

export default function JoinedPage({ record, session, again }: RecordPageProps) {
    const t = texts();
    const { id, index, answers, elsewhere } = record;
    const own = isPatient(session) && session.account?.patient === id;
    const here = session.organisation?.name ?? '';
    const entries = timelineOf(record);
    const kinds = useMemo(() => {
        const all = items(entries, index).flatMap((i) => [i.entry, ...i.others]);
        return (place: Place) =>
            kindCounts(
                all
                    .filter((e) => placeOf(e, index, here) === place.name)
                    .map((entry) => ({ entry, others: [], also: [] })),
            );
    }, [entries]);
    return (
        <>
            <Heading>{own ? t.title : t.theirs}</Heading>
            <p>{own ? t.intro : t.introTheirs}</p>
            {answers ? (
                <>
                    <Status>{saidOf(answers)}</Status>
                    <Whole answers={answers} again={again} />
                </>
            ) : elsewhere ? (
                <div class="nhsuk-warning-callout">
                    <h2 class="nhsuk-warning-callout__label">{t.couldNot}</h2>
                    <p>
                        {elsewhere.detail || elsewhere.advice} {t.onlyThis}
                    </p>
                    <Button kind="secondary" click={again}>
                        {t.again}
                    </Button>
                </div>
            ) : (
                <p role="status">{answered().asking}</p>
            )}
            <DemoNodesSection changed={again} />
            {answers ? (
                <Section id="places" title={t.placesHeading} note={`(${answers.places.length})`} wide>
                    <ul class="k-items">
                        {answers.places.map((place) => (
                            <PlaceItem place={place} kinds={kinds(place)} id={id} key={place.base} />
                        ))}
                    </ul>
                </Section>
            ) : null}
            <p>
                <a href={recordHref(id, 'timeline')}>{t.timeline}</a>
            </p>
        </>
    );
}
