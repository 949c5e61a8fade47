/* Of an empty list: which places were asked, so that nobody takes 'not asked' for 'nothing there'. */
import type { Loaded } from '../load.ts';
import { asked } from '../texts/asked.ts';

export function AskedPlaces({ record }: { record: Loaded }) {
    const t = asked();
    const { answers, elsewhere } = record;
    if (!answers) {
        return <>{elsewhere ? t.onlyHere : t.stillAsking}</>;
    }
    const answered = answers.places.filter((p) => p.outcome === 'answered').map((p) => p.name);
    const silent = answers.places.filter((p) => p.outcome !== 'answered').map((p) => p.name);
    return (
        <>
            {answered.length ? t.asked(answered.join(', ')) : ''}
            {silent.length ? ` ${t.silent(silent.join(', '))}` : ''}
        </>
    );
}
