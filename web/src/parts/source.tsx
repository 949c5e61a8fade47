/* Where an entry comes from, which version it is, and the raw record behind it. */
import { useEffect, useState } from 'preact/hooks';
import { getText, nodeName, Trouble } from '../api.ts';
import { showDateTime } from '../model/dates.ts';
import { layOut } from '../model/digits.ts';
import { list, typeWords, type Coding, type Resource } from '../model/fhir.ts';
import type { RecordIndex } from '../model/record.ts';
import { sourceOf } from '../model/source.ts';
import { entry } from '../texts/entry.ts';
import { TroubleBox } from './basic.tsx';
import { FileButton } from './file-button.tsx';

export function SourceList({ res, index }: { res: Resource; index: RecordIndex }) {
    const t = entry();
    const [node, setNode] = useState('');
    useEffect(() => {
        let live = true;
        void nodeName().then((name) => live && setNode(name));
        return () => {
            live = false;
        };
    }, []);
    const source = sourceOf(index, res);
    const labels = [...list<Coding>(res.meta?.security), ...list<Coding>(res.meta?.tag)]
        .map((c) => c.display ?? c.code)
        .filter(Boolean);
    const { place, own, also, alike } = index.aboutOf(res);
    const others = [...also, ...alike.map((r) => index.aboutOf(r).place)].filter((p) => p !== place);
    const rows: [string, string][] = [
        [t.keptBy, own ? t.here(place || node) : place],
        [t.also, [...new Set(others)].join(', ')],
        [t.organisation, source.organisations.join(', ') || t.notSaid],
        [t.by, source.people.join(', ') || t.notSaid],
        /* of a joined record it is the place that keeps it */
        [t.cameFrom, place ? '' : (res.meta?.source ?? '')],
        [t.changed, showDateTime(res.meta?.lastUpdated)],
        [t.version, res.meta?.versionId ?? ''],
        [t.labels, labels.join(', ')],
        [t.kind, typeWords(res.resourceType)],
    ];
    return (
        <dl class="nhsuk-summary-list k-facts">
            {rows
                .filter(([, value]) => value)
                .map(([label, value]) => (
                    <div class="nhsuk-summary-list__row">
                        <dt class="nhsuk-summary-list__key">{label}</dt>
                        <dd class="nhsuk-summary-list__value k-break">{value}</dd>
                    </div>
                ))}
        </dl>
    );
}

/* What another place sent is shown as it came (this node has it not), with the ids that it has there. */
const asSent = (res: Resource): string =>
    JSON.stringify(
        res,
        (name, v) =>
            typeof v === 'string' && (name === 'id' || name === 'reference')
                ? v.replace(/^([A-Za-z]+\/)?[^/~]*~/, '$1')
                : v,
        2,
    );

export function Raw({
    res,
    index,
    open = false,
}: {
    res: Resource;
    index: RecordIndex;
    open?: boolean;
}) {
    const t = entry();
    const path = `${res.resourceType}/${res.id ?? ''}`;
    const { own, place } = index.aboutOf(res);
    const [shown, setShown] = useState(open);
    const [text, setText] = useState('');
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    useEffect(() => {
        if (!shown || text) {
            return undefined;
        }
        if (!own) {
            setText(asSent(res));
            return undefined;
        }
        const abort = new AbortController();
        getText(path, abort.signal).then(
            (body) => setText(layOut(body)),
            (e) => abort.signal.aborted || setTrouble(e instanceof Trouble ? e : null),
        );
        return () => abort.abort();
    }, [shown, path]);
    return (
        <details
            class="nhsuk-details k-more"
            open={open}
            onToggle={(e) => setShown((e.currentTarget as HTMLDetailsElement).open)}
        >
            <summary class="nhsuk-details__summary">
                <span class="nhsuk-details__summary-text">{t.raw}</span>
            </summary>
            <div class="nhsuk-details__text k-more__text">
                <p>{t.rawHint}</p>
                <p class="k-break">{own ? path : t.rawThere(place)}</p>
                <p>
                    {own ? (
                        <FileButton
                            path={`/fhir/${path}`}
                            name={`${path.replaceAll('/', '-')}.json`}
                            accept="application/fhir+json"
                        >
                            {t.asFhir}
                        </FileButton>
                    ) : null}
                </p>
                {trouble ? <TroubleBox trouble={trouble} /> : null}
                {text ? (
                    <pre
                        class="k-raw"
                        tabIndex={0}
                        role="region"
                        aria-label={t.rawLabel(path)}
                    >
                        {text}
                    </pre>
                ) : trouble ? null : (
                    <p>{t.loading}</p>
                )}
            </div>
        </details>
    );
}
