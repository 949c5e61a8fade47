import type { Same } from './area.ts';
import type { en } from './letters.ts';

const cy: Same<typeof en> = {
    heading: 'Llythyrau a dogfennau',
    intro: 'Llythyrau y mae ysbytai, eich meddygfa ac eraill wedi’u hysgrifennu amdanoch chi.',
    none: 'Nid oes llythyrau yn y cofnod hwn.',
    noneMore: 'Daw llythyr yma pan fydd y lle a’i hysgrifennodd wedi’i anfon.',
    caption: 'Llythyrau, y diweddaraf yn gyntaf',
    date: 'Dyddiad',
    letter: 'Llythyr',
    from: 'Oddi wrth',
    notSaid: 'Heb ei gofnodi',
    back: 'Pob llythyr',
    notFound: 'Ni chafwyd hyd i’r llythyr',
    notFoundAdvice: 'Nid oes llythyr o’r fath yn y cofnod hwn. Efallai ei fod wedi’i dynnu’n ôl. Ewch i',
    wrong: 'Cofnodwyd mewn camgymeriad',
    text: 'Y llythyr',
    noText: 'Nid yw geiriau’r llythyr hwn gennym fel testun. Agorwch y gwreiddiol i’w ddarllen.',
    original: 'Y gwreiddiol',
    originals: 'Y gwreiddiol',
    originalHint: 'Dyma’r ffeil fel yr anfonwyd hi. Caiff ei chadw ar eich dyfais, a gall eraill sy’n defnyddio’r ddyfais ei gweld.',
    open: (form: string, size: string) => `Agor y gwreiddiol (${[form, size].filter(Boolean).join(', ')})`,
    opening: 'Yn nôl y gwreiddiol',
    saved: (name: string) => `Cadwyd fel ${name}. Edrychwch yn eich lawrlwythiadau.`,
    away: (place: string) => `${place} sy’n cadw’r gwreiddiol ac nid yw wedi’i anfon. Gofynnwch iddynt am gopi.`,
    lost: 'Mae’r llythyr hwn yn enwi’r gwreiddiol, ond nid yw yma. Gofynnwch i’r lle a’i hysgrifennodd.',
    picture: (title: string) => `Llun sy’n perthyn i’r llythyr: ${title}`,
    more: (n: number) => `Dangos ${n} arall`,
};

export default cy;
