/* Images of a record: what was taken, of what, when, where, and what was found. */
import { sortTime } from './dates.ts';
import { list, localReference, title, type Coding, type Resource } from './fhir.ts';
import { wrong, type RecordIndex } from './record.ts';
import { sourceOf } from './source.ts';

export interface Images {
    res: Resource;
    title: string;
    kind: string; /* code of DICOM: 'CT'; the catalogue has its words */
    kindSaid: string; /* as the record says it */
    part: string;
    date: string;
    time: number;
    place: string;
    count: number; /* pictures; 0: not said */
    report: Resource | null;
}

const study = (id: string | undefined): string => `ImagingStudy/${id ?? ''}`;

/* 'Knee region structure' → 'Knee': what SNOMED calls parts of the body, as people do. */
export const bodyPart = (words: string): string =>
    words
        .replace(/^(?:entire|structure of)\s+/i, '')
        .replace(/\s+(?:region\s+)?structure$/i, '')
        .replace(/\s+region$/i, '')
        .replace(/^thoracic$/i, 'Chest')
        .replace(/^abdomen$/i, 'Belly');

export function images(index: RecordIndex): Images[] {
    const reports = new Map<string, Resource>();
    for (const r of index.of('DiagnosticReport')) {
        if (!wrong(r)) {
            list<any>(r.imagingStudy).forEach((s) => reports.set(localReference(s.reference), r));
        }
    }
    const last = (i: Images) => (Number.isNaN(i.time) ? -Infinity : i.time);
    return index
        .of('ImagingStudy')
        .filter((r) => !wrong(r))
        .map((res): Images => {
            const series = list<any>(res.series);
            const modality: Coding | undefined =
                list<Coding>(res.modality)[0] ?? series.map((s) => s.modality).find(Boolean);
            const site: Coding | undefined = series.map((s) => s.bodySite).find(Boolean);
            const performer = list<any>(series[0]?.performer)[0]?.actor;
            return {
                res,
                title: res.description || title(list<any>(res.procedureCode)[0]),
                kind: modality?.code ?? '',
                kindSaid: modality?.display ?? '',
                part: bodyPart(site?.display ?? ''),
                date: res.started ?? '',
                time: sortTime(res.started),
                place:
                    sourceOf(index, res).organisations[0] ||
                    index.name(performer, res) ||
                    index.aboutOf(res).place,
                count: Number(res.numberOfInstances) || 0,
                report: reports.get(study(res.id)) ?? null,
            };
        })
        .sort((a, b) => last(b) - last(a));
}
