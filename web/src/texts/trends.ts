/* What a line of values says, for those who do not see it. */
import { area } from './area.ts';

export const en = {
    to: ' to ',
    all: (value: string) => `all ${value}`,
    one: (lowest: string, highest: string) => `lowest ${lowest}, highest ${highest}`,
    two: (upper: string, lower: string) => `upper value ${upper}, lower value ${lower}`,
    words: (n: number, from: string, to: string, latest: string, more: string) =>
        `${n} values from ${from} to ${to}: latest ${latest}, ${more}`,
    noValue: 'No value yet',
    values: (n: number) => (n === 1 ? 'One value' : `${n} values`),
    highest: (top: string, bottom: string) => `Highest ${top}, lowest ${bottom}`,
    range: 'Usual range',
    upper: 'Upper number',
    lower: 'Lower number',
};

export const trends = area(en, () => import('./trends.cy.ts'));
