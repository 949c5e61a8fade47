/* A dialog in front of the page: the browser keeps the focus in it, and Escape closes it. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export function Dialog(props: {
    id: string;
    title: string;
    children: ComponentChildren;
    close: () => void;
    urgent?: boolean;
}) {
    const box = useRef<HTMLDialogElement>(null);
    const heading = useRef<HTMLHeadingElement>(null);
    /* before the next key is taken: it is meant for the dialog */
    useLayoutEffect(() => {
        const dialog = box.current!;
        const before = document.activeElement as HTMLElement | null;
        dialog.showModal();
        heading.current?.focus();
        return () => {
            dialog.close();
            before?.focus?.();
        };
    }, []);
    return (
        <dialog
            ref={box}
            class="k-dialog"
            role={props.urgent ? 'alertdialog' : undefined}
            aria-labelledby={`${props.id}-title`}
            onCancel={(e) => {
                e.preventDefault();
                props.close();
            }}
        >
            <h2 class="nhsuk-heading-m" id={`${props.id}-title`} tabIndex={-1} ref={heading}>
                {props.title}
            </h2>
            {props.children}
        </dialog>
    );
}
