/* One letter: its words first, the file as it was sent always. */
import { useMemo } from 'preact/hooks';
import { showDate } from '../model/dates.ts';
import { filesOf, letterOf } from '../model/letters.ts';
import { Heading, Section, Tag } from '../parts/basic.tsx';
import { ItemActions } from '../parts/item-actions.tsx';
import { OriginalFile } from '../parts/original.tsx';
import { SourceList } from '../parts/source.tsx';
import { recordHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { wrong } from '../model/record.ts';
import { letterTexts } from '../texts/letters.ts';

export default function LetterPage({ record, params, session }: RecordPageProps) {
    const t = letterTexts();
    const { index } = record;
    const res = index.byReference.get(`DocumentReference/${params.entry!}`);
    const letter = useMemo(
        () => (res ? letterOf(index, res) : null),
        [res, record.size, record.names],
    );
    const back = <a href={recordHref(record.id, 'letters')}>{t.back}</a>;
    if (!letter || !res) {
        return (
            <>
                <Heading>{t.notFound}</Heading>
                <p>
                    {t.notFoundAdvice} {back}.
                </p>
            </>
        );
    }
    const files = filesOf(letter);
    const from = [letter.organisation, letter.people].filter(Boolean).join(', ');
    return (
        <>
            <p class="k-back">{back}</p>
            <Heading>{letter.title}</Heading>
            {wrong(res) ? (
                <p>
                    <Tag tone="red">{t.wrong}</Tag>
                </p>
            ) : null}
            <p class="k-quiet">{[showDate(letter.date), from].filter(Boolean).join(' · ')}</p>
            <ItemActions id={record.id} session={session} res={res} />
            <Section id="text" title={t.text} wide>
                {letter.text ? <div class="k-letter">{letter.text}</div> : <p>{t.noText}</p>}
            </Section>
            <Section id="original" title={files.length > 1 ? t.originals : t.original} wide>
                <p class="k-quiet">{t.originalHint}</p>
                {files.length ? (
                    files.map((o) => <OriginalFile original={o} letter={letter} />)
                ) : (
                    <p>{t.lost}</p>
                )}
            </Section>
            <Section id="source" title={t.from} wide>
                <SourceList res={res} index={index} />
            </Section>
        </>
    );
}
