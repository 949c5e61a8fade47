import { qrCode, qrPath } from '../model/qr.ts';

/* A QR code; nothing where the text is too long for one. `words`: what it says, for those who do not
 * see it. */
export function QrPicture({ text, words, side = 220 }: { text: string; words: string; side?: number }) {
    const rows = qrCode(text);
    if (!rows) {
        return null;
    }
    const size = rows.length + 8;
    return (
        <svg
            class="k-qr"
            viewBox={`0 0 ${size} ${size}`}
            width={side}
            height={side}
            role="img"
            aria-label={words}
            shape-rendering="crispEdges"
        >
            <rect width={size} height={size} class="k-qr__paper" />
            <path d={qrPath(rows)} class="k-qr__ink" />
        </svg>
    );
}
