/*
 * A file that a letter came as. It is saved, never opened within the page: whatever is in it does
 * nothing here. Pictures of the kinds that browsers draw are shown.
 */
import { useState } from 'preact/hooks';
import { get, Trouble } from '../api.ts';
import { decoded, fileName, formName, isPicture, sizeWords, type Letter, type Original } from '../model/letters.ts';
import { letterTexts } from '../texts/letters.ts';
import { TroubleBox } from './basic.tsx';
import { saveFile } from './file-button.tsx';
import { useAction, useLoaded } from './form.tsx';

/* What is in it, as base64 of the record: from the entry itself, else from the node. */
export async function contentOf(original: Original, signal?: AbortSignal): Promise<string> {
    const data = original.data || (await get(original.binary, signal)).data;
    if (typeof data !== 'string' || !decoded(data)) {
        throw new Trouble(letterTexts().lost, '');
    }
    return data.replace(/\s+/g, '');
}

function Picture({ original, letter }: { original: Original; letter: Letter }) {
    const t = letterTexts();
    const loaded = useLoaded((signal) => contentOf(original, signal), [original.binary]);
    if (loaded.trouble) {
        return <TroubleBox trouble={loaded.trouble} again={loaded.again} />;
    }
    return loaded.value ? (
        <img
            class="k-picture"
            src={`data:${original.type};base64,${loaded.value}`}
            alt={t.picture(original.title || letter.title)}
        />
    ) : (
        <p>{t.opening}</p>
    );
}

export function OriginalFile({ original, letter }: { original: Original; letter: Letter }) {
    const t = letterTexts();
    const action = useAction();
    const [saved, setSaved] = useState('');
    if (original.away || (!original.data && !original.binary)) {
        return <p>{original.away ? t.away(letter.organisation) : t.lost}</p>;
    }
    const save = () =>
        action.run(async () => {
            const name = fileName(original, letter);
            /* of a type that no browser opens by itself */
            const type = 'application/octet-stream';
            saveFile(name, new Blob([decoded(await contentOf(original))!], { type }));
            setSaved(t.saved(name));
        });
    return (
        <>
            {isPicture(original) ? <Picture original={original} letter={letter} /> : null}
            <p>
                <button
                    type="button"
                    class="nhsuk-button nhsuk-button--secondary k-button-last"
                    aria-disabled={action.busy}
                    onClick={() => void save()}
                >
                    {t.open(formName(original), sizeWords(original.size))}
                </button>
            </p>
            <p role="status" class="k-quiet">
                {action.busy ? t.opening : saved}
            </p>
            {action.trouble ? <TroubleBox trouble={action.trouble} /> : null}
        </>
    );
}
