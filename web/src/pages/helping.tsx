/* The people whose record somebody may see who is a patient or carer: where carers begin. */
import { get, matchesOf } from '../api.ts';
import type { Bundle } from '../model/fhir.ts';
import { nameOf, plainName } from '../model/people.ts';
import { Empty, Heading, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Main, useLoaded } from '../parts/form.tsx';
import type { PageProps } from '../routes.ts';
import { helping } from '../texts/helping.ts';

export default function HelpingPage({ session }: PageProps) {
    const t = helping();
    useTitle(t.title);
    const own = session.account?.patient;
    const people = useLoaded(
        (signal) =>
            get<Bundle>('Patient?_count=50', signal).then((b) =>
                matchesOf(b).filter((p) => p.id !== own),
            ),
        [session.account?.id],
    );
    return (
        <Main>
            <Heading>{t.title}</Heading>
            <p>{t.intro}</p>
            {people.trouble ? <TroubleBox trouble={people.trouble} again={people.again} /> : null}
            {people.value && !people.value.length ? (
                <Empty>{t.nobody}</Empty>
            ) : null}
            <ul class="k-plain">
                {people.value?.map((p) => (
                    <li class="k-card k-wide" key={p.id}>
                        <h2 class="nhsuk-heading-s k-button-last">
                            <a href={`#/patient/${p.id}`}>{plainName(nameOf(p))}</a>
                        </h2>
                    </li>
                ))}
            </ul>
        </Main>
    );
}
