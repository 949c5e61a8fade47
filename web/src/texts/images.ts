/* Images: what was taken, in words that people use. */
import { area } from './area.ts';

const KINDS: Record<string, string> = {
    CR: 'X-ray',
    DX: 'X-ray',
    RG: 'X-ray',
    RF: 'Moving X-ray',
    CT: 'CT scan (X-rays from all sides)',
    MR: 'MRI scan (made with magnets)',
    US: 'Ultrasound scan (made with sound)',
    MG: 'Breast X-ray (mammogram)',
    NM: 'Scan with a weak radioactive substance',
    PT: 'PET scan (shows how parts of the body work)',
    BMD: 'Bone density scan',
    ECG: 'Heart tracing (ECG)',
    ES: 'Pictures from a camera inside the body',
    XC: 'Photograph',
    OP: 'Photograph of the eye',
    XA: 'X-ray of blood vessels',
    DXA: 'Bone density scan',
    IO: 'X-ray of teeth',
    PX: 'X-ray of teeth',
};

export const en = {
    heading: 'Images',
    intro: 'X-rays, scans and other pictures of your body.',
    notYet: 'You cannot open the pictures here yet. You can read what was found. To see a picture, ask the place that took it.',
    none: 'There are no images in this record.',
    kind: (code: string, said: string) => KINDS[code] ?? (said || 'Images'),
    what: 'What was done',
    part: 'Part of the body',
    when: 'When',
    where: 'Where',
    pictures: 'Pictures',
    found: 'What was found',
    report: (title: string) => `Read the report of ${title}`,
    noReport: 'There is no report yet.',
    notSaid: 'Not recorded',
};

export const imageTexts = area(en, () => import('./images.cy.ts'));
