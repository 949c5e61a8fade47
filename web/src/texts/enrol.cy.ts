import type { Same } from './area.ts';
import type { en } from './enrol.ts';

const cy: Same<typeof en> = {
    title: 'Gosod ap dilysu',
    steps: [
        'Rhowch ap dilysu ar eich ffôn, os nad oes gennych un eto.',
        'Gyda’r ap, sganiwch y llun isod. Neu teipiwch yr allwedd.',
        'Rhowch y 6 rhif y mae’r ap yn eu dangos.',
    ],
    picture: 'Cod QR ar gyfer eich ap dilysu. Mae’r allwedd isod yn dweud yr un peth.',
    key: 'Allwedd:',
    making: 'Yn gwneud eich allwedd',
    code: 'Cod',
    codeHint: 'Y 6 rhif y mae’r ap yn eu dangos nawr',
    codeMissing: 'Rhowch y 6 rhif y mae eich ap yn eu dangos',
    codeWrong: 'Nid yw’r cod hwn yn gywir. Rhowch yr un diweddaraf',
    next: 'Parhau',
    stop: 'Stopio ac allgofnodi',
    codesTitle: 'Eich codau adfer',
    codesLost: 'Os collwch eich ffôn, mae pob un o’r codau hyn yn eich gadael i mewn',
    codesOnce: 'unwaith',
    codesKeep: 'Ysgrifennwch nhw i lawr neu eu hargraffu. Cadwch nhw’n ddiogel.',
    codesOnlyNow: 'Dim ond nawr yr ydym yn eu dangos.',
    codesLabel: 'Codau adfer',
    copy: 'Copïo’r codau',
    copied: 'Copïwyd',
    notCopied: 'Ni chopïodd y porwr nhw. Ysgrifennwch nhw i lawr',
    cannotCopy: 'Ni all y porwr eu copïo. Ysgrifennwch nhw i lawr',
    kept: 'Rwyf wedi cadw fy nghodau',
    keptMissing: 'Cadwch eich codau yn gyntaf, yna ticiwch y blwch',
};

export default cy;
