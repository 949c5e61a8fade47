/*
 * Opened from another system, about one person: an EHR launch of SMART (`iss`, `launch`), which this
 * node made of a signed link. It leads on to the record; where it cannot, it says why.
 */
import { useEffect, useState } from 'preact/hooks';
import type { Trouble } from '../api.ts';
import { NODE } from '../home.ts';
import { asTrouble } from '../load.ts';
import { isIn, mayDo } from '../model/account.ts';
import { Heading, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Main } from '../parts/form.tsx';
import { recordHref } from '../router.ts';
import type { PageProps } from '../routes.ts';
import { launched, NotSignedIn, Refused } from '../smart.ts';
import { opened } from '../texts/opened.ts';

type Reason = keyof ReturnType<typeof opened>['reasons'];

function reasonOf(query: URLSearchParams): Reason | null {
    const error = query.get('error');
    if (error) {
        return error === 'busy' ? 'busy' : 'link';
    }
    if (!query.get('launch')) {
        return 'link';
    }
    return query.get('iss') === `${NODE}/fhir` ? null : 'elsewhere';
}

/* Of what the node refuses it says which; all else is a launch that is not there any more. */
const reasonOfRefusal = (e: Refused): Reason =>
    e.words === 'no_patient' || e.words === 'other_person' ? e.words : 'used';

export default function OpenedPage({ session, query }: PageProps) {
    const t = opened();
    const [reason, setReason] = useState<Reason | null>(reasonOf(query));
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    useTitle(reason ? t.not : t.opening);
    const inside = isIn(session);
    useEffect(() => {
        const signIn = () =>
            location.replace(`#/sign-in?then=${encodeURIComponent(location.hash)}`);
        if (reason) {
            return;
        }
        if (!inside) {
            signIn();
            return;
        }
        launched(query.get('launch')!).then(
            (patient) => location.replace(recordHref(patient)),
            (e) =>
                e instanceof NotSignedIn
                    ? signIn()
                    : e instanceof Refused
                      ? setReason(reasonOfRefusal(e))
                      : setTrouble(asTrouble(e)),
        );
    }, []);
    if (trouble) {
        return (
            <Main>
                <Heading>{t.not}</Heading>
                <TroubleBox trouble={trouble} />
                <p>{t.again}</p>
            </Main>
        );
    }
    if (!reason) {
        return (
            <Main>
                <Heading>{t.opening}</Heading>
                <p role="status">{t.wait}</p>
            </Main>
        );
    }
    const finds = mayDo(session, 'view-demographics');
    return (
        <Main>
            <Heading>{t.not}</Heading>
            <p>{t.reasons[reason]}</p>
            <p>{t.again}</p>
            <p>
                <a href={finds ? '#/find' : '#/'}>{finds ? t.find : t.start}</a>
            </p>
            {reason === 'link' ? <p>{t.people}</p> : null}
        </Main>
    );
}
