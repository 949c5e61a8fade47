/* So long somebody may see a record. */
import { breakGlass } from '../texts/break-glass.ts';
import { SelectField } from './form.tsx';

export function HoursField(props: {
    id: string;
    label: string;
    value: string;
    change: (value: string) => void;
}) {
    return (
        <SelectField
            {...props}
            options={[1, 4, 8, 12, 24].map((h) => ({
                value: String(h),
                label: breakGlass().hours(h),
            }))}
        />
    );
}
