/* In a demonstration of several nodes: stops one of the others, and starts it again. */
import { useEffect, useState } from 'preact/hooks';
import { tryIn } from '../api.ts';
import { sessionNow } from '../session.ts';
import { places } from '../texts/places.ts';
import { Tag, TroubleBox } from './basic.tsx';
import { Button, useAction } from './form.tsx';

interface DemoNode {
    ods: string;
    name: string;
    url: string;
    running: boolean;
}
interface DemoNodes {
    nodes?: DemoNode[];
}

const NODES = '/auth/demo/nodes';
const LOOK_AGAIN_MS = 500;
const PATIENCE_MS = 30000;
const NOTICED_MS = 6000; /* others try a place that was away every five seconds */

const pause = () => new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));

/* Whoever runs the nodes needs a moment: the list says when it has happened. */
async function settle(ods: string, running: boolean, show: (nodes: DemoNode[]) => void) {
    const end = Date.now() + PATIENCE_MS;
    let list = await tryIn<DemoNodes>(NODES, { ods, running });
    while (Date.now() < end && list.nodes?.find((n) => n.ods === ods)?.running !== running) {
        await pause();
        list = await tryIn<DemoNodes>(NODES);
    }
    show(list.nodes ?? []);
}

export function DemoNodesSection({ changed }: { changed: () => void }) {
    const t = places().demo;
    const demo = sessionNow().demo;
    const [nodes, setNodes] = useState<DemoNode[]>([]);
    const action = useAction();
    useEffect(() => {
        let live = true;
        if (demo) {
            tryIn<DemoNodes>(NODES).then(
                (list) => live && setNodes(list.nodes ?? []),
                () => undefined, /* this demonstration has one node alone */
            );
        }
        return () => {
            live = false;
        };
    }, [demo]);
    const here = (n: DemoNode) => n.url === location.origin;
    if (nodes.length < 2) {
        return null;
    }
    return (
        <details class="nhsuk-details">
            <summary class="nhsuk-details__summary">
                <span class="nhsuk-details__summary-text">{t.title}</span>
            </summary>
            <div class="nhsuk-details__text">
                <p>{t.lead}</p>
                {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
                <ul class="k-items">
                    {nodes.map((n) => (
                        <li class="k-item k-row">
                            <p class="k-item__title">
                                {n.name}
                                {here(n) ? ` ${t.here}` : ''}{' '}
                                <Tag tone={n.running ? 'green' : 'grey'}>
                                    {n.running ? t.runs : t.stopped}
                                </Tag>
                            </p>
                            {here(n) ? null : (
                                <Button
                                    kind="small"
                                    busy={action.busy}
                                    click={() =>
                                        void action
                                            .run(() => settle(n.ods, !n.running, setNodes))
                                            .then((done) => {
                                                if (done) {
                                                    changed();
                                                    if (!n.running) {
                                                        setTimeout(changed, NOTICED_MS);
                                                    }
                                                }
                                            })
                                    }
                                >
                                    {n.running ? t.stop : t.start}
                                    <span class="nhsuk-u-visually-hidden"> {n.name}</span>
                                </Button>
                            )}
                        </li>
                    ))}
                </ul>
            </div>
        </details>
    );
}
