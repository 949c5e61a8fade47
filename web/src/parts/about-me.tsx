/* What somebody says of themselves, to read: whole on its page, and as a card on pages for staff. */
import { ABOUT_HEADINGS, aboutMe, aboutWords, hasWords } from '../model/about-me.ts';
import { showDate } from '../model/dates.ts';
import type { Resource } from '../model/fhir.ts';
import type { RecordIndex } from '../model/record.ts';
import { aboutMeTexts } from '../texts/about-me.ts';
import { Empty, Section } from './basic.tsx';

export function AboutMeText({ res, level }: { res: Resource; level: 'h2' | 'h3' }) {
    const t = aboutMeTexts();
    const words = aboutWords(res);
    const Title = level;
    const parts: [string, string][] = ABOUT_HEADINGS.filter((h) => words[h]).map((h) => [
        t.headings[h]!,
        words[h]!,
    ]);
    return (
        <div class="k-about">
            {[...parts, ...(words.more ?? [])].map(([heading, text]) => (
                <>
                    <Title class="nhsuk-heading-s">{heading}</Title>
                    <p class="k-lines k-break">{text}</p>
                </>
            ))}
        </div>
    );
}

/* For professionals, beside what others wrote: first-class, and said to be the patient's own words. */
export function AboutMeCard({ index }: { index: RecordIndex }) {
    const t = aboutMeTexts();
    const res = aboutMe(index);
    return (
        <Section id="about-me" title={t.title} wide>
            {res && hasWords(aboutWords(res)) ? (
                <>
                    <p class="k-quiet">
                        {t.byPatient(showDate(res.date))}
                        {index.aboutOf(res).own ? '' : ` ${index.aboutOf(res).place}`}
                    </p>
                    <AboutMeText res={res} level="h3" />
                </>
            ) : (
                <Empty>{t.noneStaff}</Empty>
            )}
        </Section>
    );
}
