import type { Same } from './area.ts';
import type { en } from './password.ts';

const cy: Same<typeof en> = {
    label: 'Cyfrinair newydd',
    hint: '12 nod neu fwy. Mae tri gair y gallwch eu cofio yn dda',
    short: 'Rhowch gyfrinair o 12 nod neu fwy. Mae tri gair y gallwch eu cofio yn dda',
    long: 'Rhowch gyfrinair o 128 nod neu lai',
    name: 'Rhowch gyfrinair heb eich enw mewngofnodi ynddo',
    show: 'Dangos',
    hide: 'Cuddio',
};

export default cy;
