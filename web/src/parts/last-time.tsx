/* Beside a note of a visit that is made again: what was said last time, or in "About me", to start from. */
import { useMemo, useState } from 'preact/hooks';
import type { Loaded } from '../load.ts';
import { showDate } from '../model/dates.ts';
import type { Form, Template } from '../model/entry-forms.ts';
import { known } from '../model/last-time.ts';
import { sourceLine } from '../model/source.ts';
import { write } from '../texts/write.ts';
import { fieldId } from './entry-fields.tsx';
import { Button } from './form.tsx';

export function LastTime(props: {
    record: Loaded;
    template: Template;
    untouched: boolean; /* nothing is typed yet */
    start: (words: Form) => void;
}) {
    const t = write();
    const { record, template } = props;
    const [started, setStarted] = useState(false);
    const found = useMemo(
        () => known(record.index, template),
        [template, record.size, record.names],
    );
    if (!found || (!started && !props.untouched)) {
        return null;
    }
    const { from, about, words } = found;
    const when = showDate(from.date);
    return (
        <div class="nhsuk-inset-text k-inset" role="status">
            {started ? (
                <p>{t.started}</p>
            ) : (
                <>
                    <p>{about ? t.aboutMe(when) : t.lastTime(when, sourceLine(record.index, from))}</p>
                    <Button
                        kind="small"
                        click={() => {
                            setStarted(true);
                            props.start(words);
                            /* the button goes away, and what comes next is to read them */
                            document.getElementById(fieldId(Object.keys(words)[0]!))?.focus();
                        }}
                    >
                        {about ? t.startAboutMe : t.startLastTime}
                    </Button>
                </>
            )}
        </div>
    );
}
