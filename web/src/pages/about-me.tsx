/* "About me" to read, to print, and the way to write it. */
import { useMemo } from 'preact/hooks';
import { isPatient } from '../model/account.ts';
import { aboutMe, aboutWords, hasWords } from '../model/about-me.ts';
import { showDate } from '../model/dates.ts';
import { patientName } from '../model/people.ts';
import { AboutMeText } from '../parts/about-me.tsx';
import { Empty, Heading } from '../parts/basic.tsx';
import { Button } from '../parts/form.tsx';
import { Done, isMine } from '../parts/own.tsx';
import { recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { aboutMeTexts } from '../texts/about-me.ts';

export default function AboutMePage({ record, session, query }: RecordPageProps) {
    const t = aboutMeTexts();
    const mine = isMine(session, record.id);
    const res = useMemo(() => aboutMe(record.index), [record.size]);
    const about = res && record.index.aboutOf(res);
    const written = res && hasWords(aboutWords(res));
    return (
        <>
            {query.get('done') ? <Done>{t.saved}</Done> : null}
            <Heading>{mine ? t.title : t.titleOf(patientName(record.patient!))}</Heading>
            {mine ? <p class="nhsuk-body-l k-noprint">{t.lead}</p> : null}
            {written ? (
                <>
                    <p class="k-quiet">
                        {mine ? t.by(showDate(res.date)) : t.byPatient(showDate(res.date))}{' '}
                        {about!.own ? '' : mine ? t.at(about!.place) : about!.place}
                    </p>
                    <div class="k-card k-wide">
                        <AboutMeText res={res} level="h2" />
                    </div>
                </>
            ) : (
                <Empty>{mine ? t.none : isPatient(session) ? t.noneOf : t.noneStaff}</Empty>
            )}
            <div class="k-buttons k-noprint">
                {mine && (!written || about!.own) ? (
                    <a
                        class="nhsuk-button"
                        role="button"
                        draggable={false}
                        href={recordHref(record.id, 'about-me/write')}
                    >
                        {written ? t.change : t.write}
                    </a>
                ) : null}
                {written ? (
                    <Button kind="secondary" click={() => print()}>
                        {t.print}
                    </Button>
                ) : null}
            </div>
        </>
    );
}
