/* A part whose code is fetched when it is first drawn. Until then there is nothing in its place. */
import { useEffect, useState } from 'preact/hooks';
import type { ComponentType } from 'preact';
import type { Trouble } from '../api.ts';
import { asTrouble } from '../load.ts';
import { textsReady } from '../texts/area.ts';
import { TroubleBox } from './basic.tsx';

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
    let code: ComponentType<P> | null = null;
    return function Lazy(props: P) {
        const [, turn] = useState(0);
        const [trouble, setTrouble] = useState<Trouble | null>(null);
        const [tries, setTries] = useState(0);
        useEffect(() => {
            let live = true;
            if (!code) {
                setTrouble(null);
                load()
                    .then(async (c) => {
                        await textsReady();
                        code = c;
                    })
                    .then(
                        () => live && turn((n) => n + 1),
                        (e) => live && setTrouble(asTrouble(e)),
                    );
            }
            return () => {
                live = false;
            };
        }, [tries]);
        if (trouble) {
            return <TroubleBox trouble={trouble} again={() => setTries(tries + 1)} />;
        }
        const Code = code;
        return Code ? <Code {...props} /> : null;
    };
}
