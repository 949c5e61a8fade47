/* The links that somebody has made in the last 30 days, and how often each was opened. */
import { useState } from 'preact/hooks';
import { showDateTime } from '../model/dates.ts';
import type { SharedLink } from '../model/share.ts';
import { shareTexts } from '../texts/share.ts';
import { Empty, Tag } from './basic.tsx';
import { Dialog } from './dialog.tsx';
import { Button } from './form.tsx';

function stateOf(link: SharedLink): string {
    const t = shareTexts();
    return link.ended
        ? t.endedOn(showDateTime(link.ended))
        : link.open
          ? t.until(showDateTime(link.end))
          : link.passcode && !link.triesLeft
            ? t.tries(0)
            : t.ranOut(showDateTime(link.end));
}

function One({ link, end }: { link: SharedLink; end: () => void }) {
    const t = shareTexts();
    return (
        <li class="k-item k-row">
            <div>
                <h3 class="k-item__title nhsuk-heading-s k-break">
                    {link.label}{' '}
                    <Tag tone={link.open ? 'green' : 'grey'}>{link.open ? t.isOpen : t.isOver}</Tag>
                </h3>
                <p>{link.words}</p>
                <p>
                    {t.opened(link.opened)}.{' '}
                    {link.opened ? t.last(showDateTime(link.last), link.lastBy) : ''}
                </p>
                <p class="k-quiet">
                    {t.made(showDateTime(link.start))}. {stateOf(link)}
                    {link.open && link.passcode ? ` ${t.tries(link.triesLeft)}.` : ''}
                </p>
            </div>
            {link.open ? (
                <Button kind="small" click={end}>
                    {t.end}
                    <span class="nhsuk-u-visually-hidden"> ({link.label})</span>
                </Button>
            ) : null}
        </li>
    );
}

export function LinkList({ links, end }: { links: SharedLink[]; end: (id: string) => void }) {
    const t = shareTexts();
    const [ending, setEnding] = useState<SharedLink | null>(null);
    if (!links.length) {
        return <Empty>{t.noLinks}</Empty>;
    }
    return (
        <>
            <ul class="k-items">
                {links.map((link) => (
                    <One link={link} end={() => setEnding(link)} key={link.id} />
                ))}
            </ul>
            {ending ? (
                <Dialog id="end-link" title={t.endQuestion} close={() => setEnding(null)}>
                    <p class="k-break">{ending.label}</p>
                    <p>{t.endWords}</p>
                    <div class="k-buttons">
                        <Button
                            kind="warning"
                            click={() => {
                                end(ending.id);
                                setEnding(null);
                            }}
                        >
                            {t.end}
                        </Button>
                        <Button kind="secondary" click={() => setEnding(null)}>
                            {t.keep}
                        </Button>
                    </div>
                </Dialog>
            ) : null}
        </>
    );
}
