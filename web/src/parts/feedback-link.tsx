/* In the foot of every page: a way to say something about it. */
import { pageName } from '../router.ts';
import { footTexts } from '../texts/foot.ts';

export function FeedbackLink({ path }: { path: string }) {
    const page = pageName(path);
    return path.startsWith('feedback') ? null : (
        <a href={`#/feedback${page ? `?page=${encodeURIComponent(page)}` : ''}`}>
            {footTexts().feedback}
        </a>
    );
}
