/* How long a record stays open that somebody opened by saying why: it closes by itself. */
import { useEffect, useState } from 'preact/hooks';
import { get, matchesOf } from '../api.ts';
import { mayDo, type Session } from '../model/account.ts';
import { sortTime } from '../model/dates.ts';
import { list, type Bundle, type Resource } from '../model/fhir.ts';
import { safety } from '../texts/safety.ts';

const KIND = 'https://kith.care/fhir/CodeSystem/consent-kind';

/* Until when, of those openings that name this person or the organisation that they act for. */
function untilOf(consents: Resource[], session: Session): number {
    const account = session.account!;
    const parties = [account.person, account.roles?.[account.role ?? 0]?.organisation].filter(
        Boolean,
    );
    const ends = consents
        .filter((c) =>
            list<any>(c.provision?.actor).some((a) => parties.includes(a.reference?.reference)),
        )
        .map((c) => sortTime(c.provision?.period?.end))
        .filter((end) => end > Date.now());
    return ends.length ? Math.max(...ends) : 0;
}

export function OpenedTime(props: { id: string; session: Session; again: () => void }) {
    const t = safety();
    const [until, setUntil] = useState(0);
    const [now, setNow] = useState(Date.now());
    useEffect(() => {
        if (!mayDo(props.session, 'record-consent')) {
            return undefined;
        }
        const abort = new AbortController();
        get<Bundle>(
            `Consent?patient=${encodeURIComponent(props.id)}&status=active&category=${KIND}|override,${KIND}|claim`,
            abort.signal,
        ).then(
            (found) => setUntil(untilOf(matchesOf(found), props.session)),
            () => undefined /* who may not read of it sees the record as it is */,
        );
        return () => abort.abort();
    }, [props.id]);
    useEffect(() => {
        if (!until) {
            return undefined;
        }
        const timer = setInterval(() => setNow(Date.now()), 5000);
        return () => clearInterval(timer);
    }, [until]);
    if (!until) {
        return null;
    }
    const left = Math.ceil((until - now) / 60000);
    return (
        <div class="k-answered k-answered--part">
            {left > 0 ? (
                <p role="timer">{t.openUntil(left)}</p>
            ) : (
                <p role="status">
                    {t.closed}{' '}
                    <button type="button" class="k-link-button" onClick={props.again}>
                        {t.readAgain}
                    </button>
                </p>
            )}
        </div>
    );
}
