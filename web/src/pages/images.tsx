/* X-rays, scans and other pictures: what, of which part of the body, when, where, and what was found. */
import { useMemo } from 'preact/hooks';
import { showDate } from '../model/dates.ts';
import { images, type Images } from '../model/images.ts';
import { Empty, Heading } from '../parts/basic.tsx';
import { entryHref } from '../router.ts';
import type { RecordPageProps } from '../routes.ts';
import { imageTexts } from '../texts/images.ts';

function Study({ id, study }: { id: string; study: Images }) {
    const t = imageTexts();
    const kind = t.kind(study.kind, study.kindSaid);
    const title = study.title || kind;
    const facts: [string, string][] = [
        [t.what, kind],
        [t.part, study.part],
        [t.when, showDate(study.date) || t.notSaid],
        [t.where, study.place || t.notSaid],
        [t.pictures, study.count ? String(study.count) : ''],
        [t.found, study.report?.conclusion ?? ''],
    ];
    return (
        <li class="k-card">
            <h2 class="nhsuk-heading-m k-card__heading">{title}</h2>
            <dl class="nhsuk-summary-list k-facts">
                {facts
                    .filter(([, value]) => value)
                    .map(([label, value]) => (
                        <div class="nhsuk-summary-list__row">
                            <dt class="nhsuk-summary-list__key">{label}</dt>
                            <dd class="nhsuk-summary-list__value k-break">{value}</dd>
                        </div>
                    ))}
            </dl>
            <p>
                {study.report ? (
                    <a href={entryHref(id, study.report)}>{t.report(title)}</a>
                ) : (
                    t.noReport
                )}
            </p>
        </li>
    );
}

export default function ImagesPage({ record }: RecordPageProps) {
    const t = imageTexts();
    const all = useMemo(() => images(record.index), [record.size, record.names]);
    return (
        <>
            <Heading>{t.heading}</Heading>
            <p>{t.intro}</p>
            {all.length ? (
                <>
                    <p>{t.notYet}</p>
                    <ul class="k-studies">
                        {all.map((study) => (
                            <Study id={record.id} study={study} key={study.res.id} />
                        ))}
                    </ul>
                </>
            ) : (
                <Empty>{t.none}</Empty>
            )}
        </>
    );
}
