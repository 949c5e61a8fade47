/* Fetches a file of the record and hands it to the browser. A plain link could not bring the token. */
import type { ComponentChildren } from 'preact';
import { fileAt } from '../api.ts';
import { TroubleBox } from './basic.tsx';
import { useAction } from './form.tsx';

export function saveFile(name: string, content: Blob): void {
    const url = URL.createObjectURL(content);
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
}

export function FileButton(props: {
    path: string; /* from the root of the node */
    name: string;
    accept?: string;
    describedBy?: string;
    children: ComponentChildren;
}) {
    const action = useAction();
    const fetchIt = () =>
        action.run(async () => saveFile(props.name, await fileAt(props.path, props.accept)));
    return (
        <>
            <button
                type="button"
                class="k-link-button"
                disabled={action.busy}
                aria-describedby={props.describedBy}
                onClick={() => void fetchIt()}
            >
                {props.children}
            </button>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
        </>
    );
}
