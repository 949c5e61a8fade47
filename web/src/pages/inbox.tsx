/* What waits for staff: results, letters, corrections, questions, tasks; each with one owner. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { inboxChanged, readsRequests, readWork, type Work } from '../inbox.ts';
import { byDue, type Request } from '../model/requests.ts';
import { Empty, Heading, TroubleBox, useTitle } from '../parts/basic.tsx';
import { Main, SelectField, useAction, useLoaded } from '../parts/form.tsx';
import { InboxItem, MailItem, takeOver } from '../parts/inbox-item.tsx';
import { replaceQuery } from '../router.ts';
import type { PageProps } from '../routes.ts';
import { common } from '../texts/common.ts';
import { inbox } from '../texts/inbox.ts';

const TABS = ['all', 'results', 'letters', 'corrections', 'questions', 'tasks', 'feedback'] as const;
type Tab = (typeof TABS)[number];

const TAB_OF: Record<Request['kind'], Tab> = {
    result: 'results',
    letter: 'letters',
    correction: 'corrections',
    comment: 'corrections',
    repeat: 'questions',
    question: 'questions',
    task: 'tasks',
    feedback: 'feedback',
};

const isIn = (tab: Tab, r: Request): boolean => tab === 'all' || TAB_OF[r.kind] === tab;

/* Keys that move in the list; they count only while the focus is on one of its items, so that nobody
 * who dictates or types sets them off. */
function useKeys(list: { current: HTMLUListElement | null }, take: (id: string) => void) {
    const act = useRef(take);
    act.current = take;
    useEffect(() => {
        const pressed = (e: KeyboardEvent) => {
            const at = e.target as HTMLElement;
            const id = at.dataset?.item;
            if (!id || e.ctrlKey || e.altKey || e.metaKey) {
                return;
            }
            const all = [...(list.current?.querySelectorAll<HTMLElement>('[data-item]') ?? [])];
            const to = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 }[e.key];
            if (to) {
                e.preventDefault();
                all[all.indexOf(at) + to]?.focus();
            } else if (e.key === 't') {
                e.preventDefault();
                act.current(id);
            }
        };
        document.addEventListener('keydown', pressed);
        return () => document.removeEventListener('keydown', pressed);
    }, []);
}

interface Shown {
    requests: Request[];
    mail: Work['mail'];
}

function Tabs({ tab, of, choose }: { tab: Tab; of: (tab: Tab) => number; choose: (tab: Tab) => void }) {
    const t = inbox();
    return (
        <div class="k-inbox__tabs" role="group" aria-label={t.show}>
            {TABS.map((name) => (
                <button
                    key={name}
                    type="button"
                    class="k-inbox__tab"
                    aria-pressed={name === tab}
                    onClick={() => choose(name)}
                >
                    {t.tabs[name]} <span class="k-count">{of(name)}</span>
                </button>
            ))}
        </div>
    );
}

function Items(props: {
    shown: Shown;
    work: Work;
    session: PageProps['session'];
    done: (words: string) => void;
}) {
    const { shown, work, session, done } = props;
    const [open, setOpen] = useState('');
    const box = useRef<HTMLUListElement>(null);
    const { trouble, run } = useAction();
    useKeys(box, (id) => {
        const r = shown.requests.find((x) => x.res.id === id);
        if (r) {
            void run(() => takeOver(r)).then((ok) => {
                if (ok) {
                    inboxChanged();
                    done(inbox().taken);
                }
            });
        }
    });
    return (
        <>
            {trouble ? <TroubleBox trouble={trouble} /> : null}
            <ul class="nhsuk-list k-inbox" ref={box}>
                {shown.requests.map((r) => (
                    <InboxItem
                        key={r.res.id}
                        r={r}
                        work={work}
                        session={session}
                        open={open === r.res.id}
                        toggle={() => setOpen(open === r.res.id ? '' : r.res.id!)}
                        done={done}
                    />
                ))}
                {shown.mail.map((res) => (
                    <MailItem key={res.id} res={res} work={work} done={done} />
                ))}
            </ul>
        </>
    );
}

export default function InboxPage({ session, query }: PageProps) {
    const t = inbox();
    const [tab, setTab] = useState<Tab>(TABS.find((x) => x === query.get('show')) ?? 'all');
    const [whose, setWhose] = useState(query.get('whose') === 'all' ? 'all' : 'mine');
    const [said, setSaid] = useState('');
    const loaded = useLoaded((signal) => readWork(session, signal), [session.account?.role]);
    useTitle(t.title);
    const keep = (nextTab: Tab, nextWhose: string) => {
        setTab(nextTab);
        setWhose(nextWhose);
        replaceQuery(
            new URLSearchParams([
                ...(nextTab === 'all' ? [] : [['show', nextTab]]),
                ...(nextWhose === 'all' ? [['whose', 'all']] : []),
            ]),
        );
    };
    const work = loaded.value;
    const own = (work?.requests ?? []).filter(
        (r) => whose === 'all' || work!.mine.has(r.ownerReference) || !readsRequests(session),
    );
    const mail = (of: Tab) => (of === 'all' || of === 'letters' ? (work?.mail ?? []) : []);
    const shown = { requests: own.filter((r) => isIn(tab, r)).sort(byDue), mail: mail(tab) };
    /* what was done is taken out of the list by reading it again, without an empty page between */
    const done = (words: string) => {
        setSaid(words);
        void readWork(session).then(loaded.put, () => loaded.again());
    };
    return (
        <Main>
            <Heading>{t.title}</Heading>
            <p>
                {t.lead} <span class="k-quiet">{t.keys}</span>
            </p>
            <p role="status" class={said ? 'k-said' : undefined}>
                {said}
            </p>
            {readsRequests(session) ? (
                <SelectField
                    id="whose"
                    label={t.whose}
                    value={whose}
                    options={[
                        { value: 'mine', label: t.mine },
                        { value: 'all', label: t.all },
                    ]}
                    change={(value) => keep(tab, value)}
                />
            ) : null}
            {loaded.trouble ? <TroubleBox trouble={loaded.trouble} again={loaded.again} /> : null}
            {!work && !loaded.trouble ? <p role="status">{common().reading}</p> : null}
            {work ? (
                <>
                    <Tabs
                        tab={tab}
                        of={(name) => own.filter((r) => isIn(name, r)).length + mail(name).length}
                        choose={(name) => keep(name, whose)}
                    />
                    {shown.requests.length + shown.mail.length ? (
                        <Items shown={shown} work={work} session={session} done={done} />
                    ) : (
                        <Empty>
                            {whose === 'mine' && work.requests.length ? t.emptyMine : t.empty}
                        </Empty>
                    )}
                </>
            ) : null}
        </Main>
    );
}
