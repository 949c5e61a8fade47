import type { Same } from './area.ts';
import type { en } from './trends.ts';

const cy: Same<typeof en> = {
    to: ' i ',
    all: (value: string) => `pob un yn ${value}`,
    one: (lowest: string, highest: string) => `isaf ${lowest}, uchaf ${highest}`,
    two: (upper: string, lower: string) => `rhif uchaf ${upper}, rhif isaf ${lower}`,
    words: (n: number, from: string, to: string, latest: string, more: string) =>
        `${n} gwerth o ${from} i ${to}: y diweddaraf ${latest}, ${more}`,
    noValue: 'Dim gwerth eto',
    values: (n: number) => (n === 1 ? 'Un gwerth' : `${n} gwerth`),
    highest: (top: string, bottom: string) => `Uchaf ${top}, isaf ${bottom}`,
    range: 'Ystod arferol',
    upper: 'Y rhif uchaf',
    lower: 'Y rhif isaf',
};

export default cy;
