import type { Same } from './area.ts';
import type { en } from './offline.ts';

const cy: Same<typeof en> = {
    title: 'Defnyddio heb gysylltiad',
    what: 'Gall y ddyfais hon gadw’r cofnod a ddarllenoch chi ddiwethaf. Yna gallwch ei ddarllen am hyd at 12 awr pan nad oes cysylltiad.',
    kept: 'Mae ar y ddyfais hon',
    rules: [
        'Dim ond yr hyn rydych wedi’i agor sy’n cael ei gadw, am un person ar y tro.',
        'Mae wedi’i gloi ag allwedd sy’n aros yn y porwr hwn.',
        'Mae’n cael ei ddileu pan fyddwch yn allgofnodi, pan fydd rhywun arall yn mewngofnodi yma, ac ar ôl 12 awr.',
        'Gallwch ddarllen heb gysylltiad. Ni allwch newid nac anfon dim.',
    ],
    warning: 'Gwnewch hyn dim ond ar ddyfais nad oes neb arall yn ei defnyddio. Efallai y gall pwy bynnag sy’n gallu ei datgloi ddarllen y cofnod.',
    on: 'Cadw fy nghofnod ar y ddyfais hon',
    off: 'Stopio, a’i ddileu o’r ddyfais hon',
    isOn: 'Mae’r ddyfais hon yn cadw’r cofnod a ddarllenoch chi ddiwethaf.',
    isOff: 'Nid yw’r ddyfais hon yn cadw dim.',
    done: 'Mae ymlaen. Agorwch y tudalennau rydych am eu darllen yn nes ymlaen.',
    removed: 'Mae wedi’i ddiffodd. Cafodd popeth ei ddileu o’r ddyfais hon.',
    cannot: 'Ni all y ddyfais hon ei gadw',
    cannotAdvice: 'Ni all ffenestr breifat gadw dim, na dyfais heb le. Rhowch gynnig ar ffenestr arferol.',
    offline: (time) => `Rydych all-lein. Darllenwyd hyn am ${time}.`,
    nothing: 'Gallwch ddarllen, ond nid newid nac anfon dim.',
    tryAgain: 'Ceisio cysylltu',
};

export default cy;
