/* The record on one page, for professionals: what keeps somebody safe first, the rest as it comes. */
import { useEffect, useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { useRecord, type Part } from '../load.ts';
import { mayDo } from '../model/account.ts';
import { today } from '../model/dates.ts';
import { kindOf } from '../model/entry-kinds.ts';
import { needsOf } from '../model/safety.ts';
import { noteOpened } from '../opened.ts';
import { AboutMeCard } from '../parts/about-me.tsx';
import { Heading } from '../parts/basic.tsx';
import { OpenedTime } from '../parts/opened-time.tsx';
import { Alerts, Allergies, Medicines, Problems } from '../parts/safety-first.tsx';
import { About } from '../parts/safety-list.tsx';
import { Appointments, Care, Documents, Results, Team } from '../parts/safety-rest.tsx';
import { WriteLinks } from '../parts/write-links.tsx';
import type { RecordPageProps } from '../routes.ts';
import { safety } from '../texts/safety.ts';
import { write } from '../texts/write.ts';

const AFTER: readonly Part[] = ['recent', 'documents', 'care'];
const DENSE = 'kith-dense';

/* A choice of this device, not about anybody. */
function useDense(): [boolean, () => void] {
    const [dense, setDense] = useState(() => localStorage.getItem(DENSE) === 'yes');
    return [
        dense,
        () => {
            localStorage.setItem(DENSE, dense ? 'no' : 'yes');
            setDense(!dense);
        },
    ];
}

const clock = (): string =>
    new Date().toLocaleString('en-GB', {
        timeZone: 'Europe/London',
        dateStyle: 'long',
        timeStyle: 'short',
    });

export default function SafetyPage({ record: first, session, query, again }: RecordPageProps) {
    const t = safety();
    const saved = kindOf(query.get('saved') ?? '');
    const { record } = useRecord(first.id, true, AFTER);
    const [dense, turnDense] = useDense();
    const [paper, setPaper] = useState('');
    const shown = useMemo(
        () => ({
            id: record.id,
            index: record.index,
            now: today(),
            at: Date.now(),
            everything: paper !== '',
        }),
        [record.id, record.size, record.names, paper],
    );
    const { patient } = record;
    useEffect(() => {
        if (patient) {
            noteOpened(patient);
        }
    }, [patient]);
    /* what is printed has to be drawn first */
    useLayoutEffect(() => {
        if (paper) {
            const over = () => setPaper('');
            addEventListener('afterprint', over, { once: true });
            print();
            return () => removeEventListener('afterprint', over);
        }
        return undefined;
    }, [paper]);
    const has = (part: Part) => record.has.has(part) || record.has.has('all');
    const needs = patient ? needsOf(patient) : [];
    return (
        <div class={dense ? 'k-dense' : undefined}>
            <div class="k-head k-head--wraps">
                <Heading>{t.title}</Heading>
                <div class="k-toggle">
                    <button
                        type="button"
                        class="k-toggle__one"
                        aria-pressed={dense}
                        onClick={turnDense}
                    >
                        {t.compact}
                    </button>
                    <button type="button" class="k-toggle__one" onClick={() => setPaper(clock())}>
                        {t.print}
                    </button>
                </div>
            </div>
            {saved ? (
                <div class="nhsuk-inset-text k-inset" role="status">
                    <p>
                        <strong>{write().saved(saved.title)}</strong>{' '}
                        {saved.kind === 'task' ? '' : write().seeEntries}
                    </p>
                </div>
            ) : null}
            <OpenedTime id={record.id} session={session} again={again} />
            {needs.length ? <p class="k-needs">{needs.join(' · ')}</p> : null}
            {mayDo(session, 'write-record') || mayDo(session, 'prescribe') ? (
                <WriteLinks id={record.id} session={session} />
            ) : null}
            <About.Provider value={shown}>
                <div class="k-grid k-safety">
                    <Allergies />
                    <Alerts />
                    <Medicines />
                    <Problems />
                    <Results done={has('recent') || has('results')} />
                    <div class="k-column">
                        <Team patient={patient} done={has('care')} />
                        <Appointments done={has('care')} />
                    </div>
                    <div class="k-column">
                        <Care done={has('care')} />
                        <Documents done={has('documents')} />
                    </div>
                    {has('documents') ? <AboutMeCard index={record.index} /> : null}
                </div>
            </About.Provider>
            {paper ? <p class="k-paper">{t.printed(session.account?.name ?? '', paper)}</p> : null}
        </div>
    );
}
