/* Where an entry comes from, which version it is, and the raw record behind it. */
import { useEffect, useState } from 'preact/hooks';
import { getText, nodeName, Trouble } from '../api.ts';
import { showDateTime } from '../model/dates.ts';
import { layOut } from '../model/digits.ts';
import { list, typeWords, type Coding, type Resource } from '../model/fhir.ts';
import type { RecordIndex } from '../model/record.ts';
import { sourceOf } from '../model/source.ts';
import { TroubleBox } from './basic.tsx';
import { FileButton } from './file-button.tsx';

export function SourceList({ res, index }: { res: Resource; index: RecordIndex }) {
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
    const rows: [string, string][] = [
        ['Organisation', source.organisations.join(', ') || 'Not recorded'],
        ['Recorded by', source.people.join(', ') || 'Not recorded'],
        ['Held on', node ? `${node} (this node)` : 'This node'],
        ['Came from', res.meta?.source ?? ''],
        ['Version', res.meta?.versionId ?? ''],
        ['Last changed', showDateTime(res.meta?.lastUpdated)],
        ['Labels', labels.join(', ')],
        ['Kind of entry', typeWords(res.resourceType)],
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

export function Raw({ res, open = false }: { res: Resource; open?: boolean }) {
    const path = `${res.resourceType}/${res.id ?? ''}`;
    const [shown, setShown] = useState(open);
    const [text, setText] = useState('');
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    useEffect(() => {
        if (!shown || text) {
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
                <span class="nhsuk-details__summary-text">Show the raw record</span>
            </summary>
            <div class="nhsuk-details__text k-more__text">
                <p class="k-break">{path}</p>
                <p>
                    <FileButton
                        path={`/fhir/${path}`}
                        name={`${path.replaceAll('/', '-')}.json`}
                        accept="application/fhir+json"
                    >
                        Download it as FHIR
                    </FileButton>
                </p>
                {trouble ? <TroubleBox trouble={trouble} /> : null}
                {text ? (
                    <pre
                        class="k-raw"
                        tabIndex={0}
                        role="region"
                        aria-label={`Raw record of ${path}`}
                    >
                        {text}
                    </pre>
                ) : trouble ? null : (
                    <p>Loading</p>
                )}
            </div>
        </details>
    );
}
