/* For whoever must not be seen with this page: leaves it at once, for one that anybody might read. */
import { useEffect } from 'preact/hooks';
import { leaveAtOnce } from '../session.ts';
import { common } from '../texts/common.ts';

const ELSEWHERE = 'https://www.bbc.co.uk/weather';
const TOGETHER_MS = 5000;
const TIMES = 3;

function leave(e?: Event): void {
    e?.preventDefault();
    /* nothing of the page is seen while the other one loads, nor by the button that goes back */
    document.body.replaceChildren();
    document.title = '';
    leaveAtOnce();
    location.replace(ELSEWHERE);
}

export function QuickExit() {
    const t = common();
    useEffect(() => {
        let presses: number[] = [];
        const pressed = (e: KeyboardEvent) => {
            if (e.key !== 'Shift') {
                presses = [];
                return;
            }
            if (e.repeat) {
                return;
            }
            const now = Date.now();
            presses = [...presses.filter((p) => now - p < TOGETHER_MS), now];
            if (presses.length >= TIMES) {
                leave();
            }
        };
        addEventListener('keydown', pressed);
        return () => removeEventListener('keydown', pressed);
    }, []);
    return (
        <section class="k-exit" aria-label={t.quickExit}>
            <div class="nhsuk-width-container">
                <a class="k-quick-exit" href={ELSEWHERE} rel="nofollow noreferrer" onClick={leave}>
                    {t.quickExit}
                    <span class="nhsuk-u-visually-hidden"> ({t.quickExitHint})</span>
                </a>
            </div>
        </section>
    );
}
