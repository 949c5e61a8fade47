/* Results as a list or as a grid over time: two pages, one press apart. */
import { recordHref } from '../router.ts';
import { results } from '../texts/results.ts';

export function ResultViews({ id, at }: { id: string; at: 'list' | 'grid' }) {
    const t = results();
    return (
        <nav class="k-jump" aria-label={t.view}>
            <ul>
                <li>
                    <a href={recordHref(id, 'results')} aria-current={at === 'list' ? 'page' : undefined}>
                        {t.list}
                    </a>
                </li>
                <li>
                    <a href={recordHref(id, 'results-grid')} aria-current={at === 'grid' ? 'page' : undefined}>
                        {t.grid}
                    </a>
                </li>
            </ul>
        </nav>
    );
}
