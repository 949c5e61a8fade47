/* "Something in this record is withheld", as far as the node lets it be told, and what can be done. */
import { useEffect, useState } from 'preact/hooks';
import { get, Trouble } from '../api.ts';
import { isPatient, mayOpen, type Session } from '../model/account.ts';
import { showDate } from '../model/dates.ts';
import { groups, top } from '../model/params.ts';
import { lazy } from './lazy.tsx';
import { closed } from '../texts/closed.ts';
import { withheld } from '../texts/withheld.ts';

const BreakGlass = lazy(() => import('./break-glass.tsx').then((m) => m.BreakGlass));

/* Until when something is held back, as far as that is known. */
function heldWords(until: string): string {
    const day = showDate(until);
    return day ? withheld().until(day) : withheld().released;
}

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
                setAll(groups(p, 'held').map((h) => heldWords(h.text('until'))));
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
                {own ? withheld().title : closed().title}
            </h2>
            {all.length ? (
                <ul class="nhsuk-list nhsuk-list--bullet">
                    {all.map((held) => (
                        <li>{held}</li>
                    ))}
                </ul>
            ) : (
                <p>
                    {words
                        ? words
                        : own
                          ? withheld().some
                          : closed().some}
                </p>
            )}
            {!own && mayOpen(props.session) ? (
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary nhsuk-button--small k-button-last"
                    onClick={() => setOpen(true)}
                >
                    {closed().see}
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
    const t = closed();
    return (
        <section class="k-withheld" aria-labelledby="not-shown">
            <h2 class="nhsuk-heading-s" id="not-shown">
                {t.inCare}
            </h2>
            <p>
                {t.notShown}
                {may ? ` ${t.ifYouDo}` : ''}
            </p>
            {may ? (
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary k-button-last"
                    onClick={() => setOpen(true)}
                >
                    {t.sayWhy}
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
            <p>{all ? closed().part : closed().whoOnly}</p>
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
