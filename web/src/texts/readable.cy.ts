import type { Same } from './area.ts';
import type { en } from './readable.ts';

const cy: Same<typeof en> = {
    allergies: 'Alergeddau',
    noAllergies: 'Alergeddau: dim yn hysbys',
    noneKnown: 'Dim alergeddau hysbys',
    medicines: 'Meddyginiaethau',
    problems: 'Cyflyrau iechyd',
    vaccinations: 'Brechiadau',
    results: 'Canlyniadau profion',
    letters: 'Llythyrau a dogfennau',
    images: 'Delweddau',
    nothing: 'Nid oes dim wedi’i gofnodi am',
    past: 'Yn y gorffennol',
    stopped: 'Wedi’i stopio',
    last: (date: string) => `Diwethaf ar ${date}`,
    since: (date: string) => `Ers ${date}`,
    range: (range: string) => `Disgwylir: ${range}`,
    risks: { high: 'Risg uchel', low: 'Risg isel' },
};

export default cy;
