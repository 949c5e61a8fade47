/* Printing the page: as it is, or in letters twice as large. */
import { printTexts } from '../texts/print.ts';

function printIt(large: boolean): void {
    const { dataset } = document.documentElement;
    if (large) {
        dataset.print = 'large';
    }
    addEventListener('afterprint', () => delete dataset.print, { once: true });
    print();
}

export function PrintButtons() {
    const t = printTexts();
    return (
        <>
            <button
                type="button"
                class="nhsuk-button nhsuk-button--secondary nhsuk-button--small k-print"
                onClick={() => printIt(false)}
            >
                {t.print}
            </button>
            <button
                type="button"
                class="nhsuk-button nhsuk-button--secondary nhsuk-button--small k-print"
                onClick={() => printIt(true)}
            >
                {t.large}
            </button>
        </>
    );
}
