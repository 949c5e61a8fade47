/* The parts of what is shared or taken away. */
import { area } from './area.ts';

export const en = {
    allergies: 'Allergies',
    noAllergies: 'Allergies: none known',
    noneKnown: 'No known allergies',
    medicines: 'Medicines',
    problems: 'Health conditions',
    vaccinations: 'Vaccinations',
    results: 'Test results',
    letters: 'Letters and documents',
    images: 'Images',
    nothing: 'Nothing is recorded of',
    past: 'In the past',
    stopped: 'Stopped',
    last: (date: string) => `Last on ${date}`,
    since: (date: string) => `Since ${date}`,
    range: (range: string) => `Expected: ${range}`,
    risks: { high: 'High risk', low: 'Low risk' },
};

export const readable = area(en, () => import('./readable.cy.ts'));
