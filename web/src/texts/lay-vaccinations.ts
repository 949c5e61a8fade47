/* What vaccines protect from, in plain words; see lay-results.ts. V: CVX. */
import type { LayRow } from '../model/lay.ts';

export const rows: readonly LayRow[] = [
    ['V140 V88 S822851000000102', 'Flu vaccine', 'Helps to protect you from flu. It is given each year, as flu changes.'],
    ['V208', 'COVID-19 vaccine (Pfizer)', 'Helps to protect you from COVID-19.'],
    ['V210', 'COVID-19 vaccine (AstraZeneca)', 'Helps to protect you from COVID-19.'],
    ['S1324681000000101', 'COVID-19 vaccine, first dose', 'Helps to protect you from COVID-19.'],
    ['V113', 'Tetanus and diphtheria vaccine', 'Helps to protect you from two bad germs. One gets in through cuts, the other blocks the throat.'],
    ['V115', 'Tetanus, diphtheria and whooping cough vaccine', 'Helps to protect you from three bad germs. One gets in through cuts, two make it hard to breathe.'],
    ['V20', 'Diphtheria, tetanus and whooping cough vaccine', 'Helps to protect a child from three bad germs. One gets in through cuts, two make it hard to breathe.'],
    ['V130', '4-in-1 pre-school booster', 'Helps to protect a child from polio, whooping cough and two more bad germs.'],
    ['V146', '6-in-1 vaccine', 'Helps to keep a baby safe from six bad germs. One of them causes whooping cough.'],
    ['V10', 'Polio vaccine', 'Helps to protect you from polio, which can make it hard to move.'],
    ['V133 V33', 'Pneumococcal vaccine', 'Helps to protect you from germs that can cause very bad chest and brain illness.'],
    ['V49', 'Hib vaccine', 'Helps to protect a child from a germ that can cause very bad brain and chest illness.'],
    ['V62 V165', 'HPV vaccine', 'Helps to protect you from a germ that can cause some kinds of cancer.'],
    ['V114 V147', 'MenACWY vaccine', 'Helps to keep you safe from germs. They make the skin of the brain swell and can harm the blood.'],
    ['V163', 'MenB vaccine', 'Helps to keep a baby safe from a germ. It makes the skin of the brain swell and can harm the blood.'],
    ['V119', 'Rotavirus vaccine', 'Helps to protect a baby from a germ that makes the stomach very sick.'],
    ['V121 V187', 'Shingles vaccine', 'Helps to protect you from shingles, a sore rash that can hurt for a long time.'],
    ['V08 V43', 'Hepatitis B vaccine', 'Helps to protect you from a germ that hurts the liver.'],
    ['V52 V83', 'Hepatitis A vaccine', 'Helps to protect you from a germ that hurts the liver. You can catch it from food or water.'],
    ['V03', 'MMR vaccine', 'Helps to protect you from measles, mumps and rubella. They can make people very ill.'],
    ['V21', 'Chickenpox vaccine', 'Helps to protect you from chickenpox.'],
];
