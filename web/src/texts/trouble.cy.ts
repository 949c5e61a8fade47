import type { Same } from './area.ts';
import type { en } from './trouble.ts';

const tell = 'Rhowch gynnig arall arni. Os yw’n parhau, dywedwch wrth y bobl sy’n rhedeg y gwasanaeth hwn.';

const cy: Same<typeof en> = {
    signedOut: { heading: 'Nid ydych wedi mewngofnodi', advice: 'Mewngofnodwch, yna rhowch gynnig arall arni.' },
    notAllowed: {
        heading: 'Ni chewch wneud hyn',
        advice: 'Os ydych yn meddwl y dylech allu, gofynnwch i’r bobl sy’n rhedeg y gwasanaeth hwn.',
    },
    notHere: {
        heading: 'Nid oes cofnod o’r fath yma',
        advice: 'Gwiriwch y cyfeiriad, neu dewch o hyd i’r person yn ôl enw.',
    },
    deleted: {
        heading: 'Mae’r eitem hon wedi’i dileu',
        advice: 'Dewch o hyd i’r person i weld gweddill y cofnod.',
    },
    changed: {
        heading: 'Newidiwyd hwn yn y cyfamser',
        advice: 'Edrychwch ar yr hyn sydd yno nawr, yna penderfynwch pa un i’w gadw.',
    },
    busy: { heading: 'Mae’r gwasanaeth hwn yn brysur', advice: 'Arhoswch eiliad, yna rhowch gynnig arall arni.' },
    failed: { heading: 'Nid oedd y gwasanaeth hwn yn gallu ateb', advice: tell },
    refused: {
        heading: 'Ni allai’r gwasanaeth hwn ddefnyddio’r hyn a anfonwyd',
        advice: 'Newidiwch yr hyn a roesoch, yna rhowch gynnig arall arni.',
    },
    another: {
        heading: 'Mae rhywun arall wedi mewngofnodi gyda’r porwr hwn',
        advice: 'Edrychwch ar frig y dudalen pwy sydd wedi mewngofnodi, yna rhowch gynnig arall arni.',
    },
    elsewhere: {
        heading: 'Gwneir hyn lle mae eich cyfrif',
        advice: (address: string) => `Agorwch ${address} i fewngofnodi, ac ar gyfer popeth sy’n ymwneud â’ch cyfrif.`,
    },
    notOpened: {
        heading: 'Ni chafodd y dudalen hon weld y cofnod',
        advice: 'Llwythwch y dudalen eto. Os yw’n parhau, dywedwch wrth y bobl sy’n rhedeg y gwasanaeth hwn.',
    },
    offline: {
        heading: 'Nid oes gennych gysylltiad',
        advice: 'Ni chadwyd hwn ar y ddyfais hon, ac ni ellir anfon dim. Mae’r hyn a deipiwch yn aros yma nes y byddwch wedi’ch cysylltu.',
    },
    noAnswer: {
        heading: 'Nid yw’r gwasanaeth hwn yn ateb',
        advice: 'Gwiriwch eich bod wedi’ch cysylltu, yna rhowch gynnig arall arni.',
    },
    brokeOff: {
        heading: 'Daeth yr ateb i ben cyn pryd',
        advice: 'Gwiriwch eich bod wedi’ch cysylltu, yna rhowch gynnig arall arni.',
    },
    unreadable: { heading: 'Anfonodd y gwasanaeth hwn rywbeth na ellir ei ddarllen', advice: tell },
    notShown: {
        heading: 'Ni allai’r dudalen ddangos hwn',
        advice: 'Llwythwch hi eto. Os yw’n parhau, dywedwch wrth y bobl sy’n rhedeg y gwasanaeth hwn.',
    },
    tooLong: {
        heading: 'Mae’r cofnod hwn yn rhy hir i’w ddangos ar unwaith',
        advice: 'Dywedwch wrth y bobl sy’n rhedeg y gwasanaeth hwn.',
    },
    notLetIn: 'Ni chafodd y dudalen hon ei gadael i mewn. Gallwch roi cynnig arall arni.',
    sessionOver: 'Rydych wedi cael eich allgofnodi. Mewngofnodwch eto i barhau.',
    unused: (minutes: number) =>
        `Cawsoch eich allgofnodi am na ddefnyddiwyd y dudalen hon am ${minutes} munud. Mae hyn yn cadw eich gwybodaeth yn ddiogel.`,
    otherTab: 'Rydych wedi allgofnodi mewn tab arall.',
    out: 'Rydych wedi allgofnodi.',
    outEverywhere: 'Rydych wedi allgofnodi ar bob dyfais.',
};

export default cy;
