/* Whether the record on view is whole: "3 of 4 places have answered", who is missing, and when it was read. */
import type { Loaded } from '../load.ts';
import { alone, missing, summaryWords, type Place } from '../model/places.ts';
import { answered } from '../texts/answered.ts';
import { common } from '../texts/common.ts';
import { More } from './basic.tsx';
import { Button } from './form.tsx';

const clock = (at: number): string =>
    new Date(at).toLocaleTimeString('en-GB', {
        timeZone: 'Europe/London',
        hour: '2-digit',
        minute: '2-digit',
    });

function PlaceLine({ place, record }: { place: Place; record: Loaded }) {
    const t = answered();
    const entries = record.index.entriesOf(place.ods);
    return (
        <li>
            {place.name} {place.own ? t.here : ''} {t.outcomes[place.outcome]}
            {entries ? `: ${common().entries(entries)}` : ''}
            {place.more ? `; ${t.more}` : ''}
        </li>
    );
}

/* Whether somebody who reads the page has to know that parts may be missing. */
export const lacksSome = ({ answers, elsewhere }: Loaded): boolean =>
    answers
        ? missing(answers).length > 0 || (!answers.whole && !alone(answers))
        : elsewhere !== null;

export function Answered({ record, again }: { record: Loaded; again: () => void }) {
    const t = answered();
    const { answers } = record;
    const foot = record.joining ? '' : 'k-foot'; /* all is here */
    const read = record.readAt ? t.readAt(clock(record.readAt)) : '';
    if (record.elsewhere && !answers) {
        return (
            <div class={`k-answered k-answered--part ${foot}`} role="status">
                <p>
                    <strong>{t.couldNot}.</strong> {record.elsewhere.detail || record.elsewhere.advice}{' '}
                    {read}
                </p>
                <Button kind="secondary" click={again}>
                    {t.again}
                </Button>
            </div>
        );
    }
    if (!answers) {
        return (
            <p class="k-answered" role="status">
                {t.asking}
            </p>
        );
    }
    const lacking = missing(answers);
    const all = answers.places.length;
    const list = (places: Place[]) => (
        <ul>
            {places.map((p) => (
                <PlaceLine place={p} record={record} key={p.base} />
            ))}
        </ul>
    );
    if (!lacking.length && (answers.whole || alone(answers))) {
        return (
            <div class={`k-answered ${foot}`} role="status">
                <p>
                    {answers.whole ? t.all(all) : summaryWords(answers)} {read}{' '}
                    <button type="button" class="k-link-button" onClick={again}>
                        {common().readAgain}
                    </button>
                </p>
                {all > 1 ? <More summary={t.places}>{list(answers.places)}</More> : null}
            </div>
        );
    }
    return (
        <div class={`k-answered k-answered--part ${foot}`} role="status">
            <p>
                <strong>{t.part}.</strong>{' '}
                {lacking.length ? t.some(all - lacking.length, all) : summaryWords(answers)} {read}
            </p>
            {list(lacking)}
            {answers.notes.map((note) => (
                <p>{note}.</p>
            ))}
            <Button kind="secondary" click={again}>
                {t.again}
            </Button>
        </div>
    );
}
