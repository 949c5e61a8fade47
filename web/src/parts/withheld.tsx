/* "Something in this record is withheld", as far as the node lets it be told, and what can be done. */
import { useEffect, useState } from 'preact/hooks';
import { get, Trouble } from '../api.ts';
import { isPatient, mayOpen, type Session } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import { groups, top } from '../model/params.ts';
import { lazy } from './lazy.tsx';
import { withheld } from '../texts/withheld.ts';

const BreakGlass = lazy(() => import('./break-glass.tsx').then((m) => m.BreakGlass));

/* A date within the node's words, as it is written everywhere here. */
const dated = (words: string): string =>
    words.replace(/\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?/g, (d) => showDate(d) || d);

interface Held {
    id: string;
    session: Session;
    again: () => void;
}

function Glass(props: Held & { close: () => void }) {
    return (
        <BreakGlass
            patient={props.id}
            session={props.session}
            close={props.close}
            opened={() => {
                props.close();
                props.again();
            }}
        />
    );
}

export function WithheldBanner(props: Held) {
    const [all, setAll] = useState<string[]>([]);
    const [words, setWords] = useState('');
    const [open, setOpen] = useState(false);
    useEffect(() => {
        const abort = new AbortController();
        get(`Patient/${encodeURIComponent(props.id)}/$withheld`, abort.signal).then(
            (p) => {
                setAll(groups(p, 'held').map((h) => h.text('words')));
                setWords(top(p).text('words'));
            },
            () => undefined,
        );
        return () => abort.abort();
    }, [props.id]);
    const own = isPatient(props.session);
    return (
        <section class="k-withheld" aria-labelledby="withheld">
            <h2 class="nhsuk-heading-s" id="withheld">
                {own ? withheld().title : 'Something in this record is withheld'}
            </h2>
            {all.length ? (
                <ul class="nhsuk-list nhsuk-list--bullet">
                    {all.map((held) => (
                        <li>{dated(held)}</li>
                    ))}
                </ul>
            ) : (
                <p>
                    {words
                        ? words
                        : own
                          ? withheld().some
                          : 'The patient chose not to share it with you, or it is sealed.'}
                </p>
            )}
            {!own && mayOpen(props.session) ? (
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary nhsuk-button--small k-button-last"
                    onClick={() => setOpen(true)}
                >
                    See what is withheld
                </button>
            ) : null}
            {open ? <Glass {...props} close={() => setOpen(false)} /> : null}
        </section>
    );
}

/* Somebody whose record is not shown to who asks, and the way to it for those who have one. */
export function NoCare(props: Held) {
    const [open, setOpen] = useState(false);
    const may = mayOpen(props.session);
    return (
        <section class="k-withheld" aria-labelledby="not-shown">
            <h2 class="nhsuk-heading-s" id="not-shown">
                Is this person in your care?
            </h2>
            <p>
                Nothing here says that you look after somebody with this record, so it is not shown
                to you.{may ? ' If you do, say why you have to see it.' : ''}
            </p>
            {may ? (
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary k-button-last"
                    onClick={() => setOpen(true)}
                >
                    Say why you have to see it
                </button>
            ) : null}
            {open ? <Glass {...props} close={() => setOpen(false)} /> : null}
        </section>
    );
}

/* What is not here must not be taken for what is not so. */
export function PartOnly({ all }: { all: boolean }) {
    return (
        <div class="nhsuk-inset-text k-inset">
            <p>
                {all
                    ? 'Your role here sees a part of a record. What you do not see here may still be in it.'
                    : 'Your role here sees who a person is, and nothing about their health.'}
            </p>
        </div>
    );
}

/* A record that is not shown at all: the same words whether there is none, or it may not be seen. */
export function NotShown(props: {
    id: string;
    session: Session;
    trouble: Trouble;
    again: () => void;
}) {
    return [403, 404].includes(props.trouble.status) && mayOpen(props.session) ? (
        <NoCare id={props.id} session={props.session} again={props.again} />
    ) : null;
}
