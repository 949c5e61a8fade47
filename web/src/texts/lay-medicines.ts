/*
 * What medicines are for, in plain words; see lay-results.ts. R: RxNorm; S: SNOMED CT with dm+d. The name
 * is the one in use in Britain. One medicine can be for several things: "often" says so.
 */
import type { LayRow } from '../model/lay.ts';

export const rows: readonly LayRow[] = [
    /* heart and blood */
    ['R314076', 'Lisinopril', 'Lowers blood pressure and helps the heart.'],
    ['S386872004', 'Ramipril', 'Lowers blood pressure and helps the heart.'],
    ['S373567002', 'Losartan', 'Lowers blood pressure and helps the heart.'],
    ['R308136 R197361 S386864001', 'Amlodipine', 'Lowers blood pressure. It lets blood vessels get wider.'],
    ['R310798 R316049', 'Hydrochlorothiazide', 'A water tablet. It makes you pass more urine (pee), which lowers blood pressure.'],
    ['R897718', 'Verapamil', 'Lowers blood pressure and slows the heart. It also helps with chest pain from the heart.'],
    ['R866414', 'Metoprolol', 'Slows the heart and lowers blood pressure.'],
    ['S386868003', 'Bisoprolol', 'Slows the heart and lowers blood pressure.'],
    ['S372772003', 'Propranolol', 'Slows the heart. It also helps with signs of worry, such as shaking.'],
    ['R197604', 'Digoxin', 'Makes the heart beat more slowly and with more strength.'],
    ['R705129', 'Glyceryl trinitrate (GTN) spray', 'Helps with chest pain from the heart. It lets blood vessels get wider.'],
    ['R315971 R1719286 S317972000', 'Furosemide', 'A water tablet. It makes you pass more urine (pee), which takes fluid out of the body.'],
    ['S387078006', 'Spironolactone', 'Takes fluid out of the body and helps the heart.'],
    ['R316672 R314231 R312961', 'Simvastatin', 'A statin. It lowers cholesterol, a kind of fat in the blood.'],
    ['S373444002', 'Atorvastatin', 'A statin. It lowers cholesterol, a kind of fat in the blood.'],
    ['S387458008', 'Aspirin', 'In a small dose it helps to stop blood clots. In a large dose it helps with pain.'],
    ['R309362 S386952008', 'Clopidogrel', 'Helps to stop blood clots.'],
    ['R855332 S372756006', 'Warfarin', 'Helps to stop blood clots. Blood tests show if the dose is right.'],
    ['R854235', 'Enoxaparin', 'An injection that helps to stop blood clots.'],
    ['R205923', 'Epoetin', 'An injection that helps the body to make red blood cells.'],

    /* diabetes, thyroid, bones, vitamins */
    ['R860975 S372567009', 'Metformin', 'Helps to lower blood sugar. It is for type 2 diabetes.'],
    ['S395731004', 'Gliclazide', 'Helps the body to make more insulin. This lowers blood sugar.'],
    ['S423307000', 'Sitagliptin', 'Helps the body to make more insulin. This lowers blood sugar.'],
    ['R106892', 'Mixed insulin', 'An injection that lowers blood sugar. One part works fast and one part works for a long time.'],
    ['S411529005', 'Insulin glargine', 'An injection that lowers blood sugar. It works for a whole day.'],
    ['S710809001', 'Levothyroxine', 'Takes the place of what the thyroid does not make. The thyroid sets how fast the body works.'],
    ['R904419', 'Alendronic acid', 'Helps to make bones strong.'],
    ['S18414002', 'Vitamin D (colecalciferol)', 'A vitamin that helps to keep bones strong.'],
    ['S63718003', 'Folic acid', 'A vitamin that helps the body to make red blood.'],
    ['S387402000', 'Iron tablets (ferrous sulfate)', 'Give the body iron, which it needs to make red blood.'],
    ['S387135004', 'Allopurinol', 'Helps to stop gout from coming back.'],

    /* lungs and allergies */
    ['R2123111 R351137 S372897005', 'Salbutamol', 'Opens the airways fast, which makes it easier to breathe.'],
    ['R895994', 'Fluticasone inhaler', 'Calms swelling in the airways. It helps to stop asthma attacks.'],
    ['R896209', 'Fluticasone and salmeterol inhaler', 'Calms swelling in the airways and keeps them open.'],
    ['R351109', 'Budesonide', 'Calms swelling in the airways. It helps to stop asthma attacks.'],
    ['S409169006', 'Tiotropium', 'Keeps the airways open, which makes it easier to breathe.'],
    ['S325427002', 'Prednisolone', 'A steroid. It calms swelling in many parts of the body.'],
    ['S372523007', 'Cetirizine', 'Helps with hay fever and other allergies.'],
    ['R1049630', 'Diphenhydramine', 'Helps with allergies. It can make people sleepy.'],
    ['R1870230', 'Adrenaline pen', 'A shot to use when an allergy makes somebody very ill at once.'],
    ['R1043400', 'Cold and flu drink', 'Helps with pain, fever and cough. It can make people sleepy.'],

    /* pain */
    ['R313782 R209387 R198440 R282464 S322236009', 'Paracetamol', 'Helps with pain and brings down a fever.'],
    ['R310965 R206905 R198405 S387207008', 'Ibuprofen', 'Helps with pain and swelling and brings down a fever.'],
    ['R849574 S372588000', 'Naproxen', 'Helps with pain and swelling.'],
    ['R856987 R1310197', 'Paracetamol and hydrocodone', 'Two medicines in one for strong pain. It can make people sleepy.'],
    ['R1049625 R1049221', 'Paracetamol and oxycodone', 'Two medicines in one for strong pain. It can make people sleepy.'],
    ['R1049504 R1860154', 'Oxycodone', 'Helps with very strong pain. It can make people sleepy.'],
    ['R245134', 'Fentanyl patch', 'A patch on the skin for very strong pain. It can make people sleepy.'],
    ['R861467', 'Pethidine', 'Helps with strong pain. It can make people sleepy.'],
    ['R835603', 'Tramadol', 'Helps with strong pain. It can make people sleepy.'],
    ['S322341003', 'Co-codamol', 'Two medicines in one for pain. It can make people sleepy.'],
    ['S387494007', 'Codeine', 'Helps with pain. It can make people sleepy.'],
    ['R1094107', 'Phenazopyridine', 'Eases pain when you pass urine (pee).'],

    /* germs */
    ['S372687004', 'Amoxicillin', 'It kills germs. It is an antibiotic, of the penicillin kind.'],
    ['R562251', 'Co-amoxiclav', 'It kills germs. It is an antibiotic, of the penicillin kind.'],
    ['R834061 R834102', 'Penicillin V', 'It kills germs. It is an antibiotic, of the penicillin kind.'],
    ['S387544009', 'Flucloxacillin', 'It kills germs. It is an antibiotic, of the penicillin kind.'],
    ['S372478003', 'Doxycycline', 'It stops germs from growing. It is an antibiotic.'],
    ['R311989 S373543005', 'Nitrofurantoin', 'It kills germs in the bladder. It is an antibiotic.'],

    /* stomach, bladder, eyes */
    ['S387137007', 'Omeprazole', 'Makes the stomach produce less acid.'],
    ['S372509009', 'Tamsulosin', 'Makes it easier to pass urine (pee) when the prostate is large.'],
    ['S386963006', 'Finasteride', 'Makes a large prostate smaller.'],
    ['S386926002', 'Latanoprost', 'Eye drops that lower the pressure in the eye.'],

    /* mind, brain and nerves */
    ['S372594008', 'Sertraline', 'Helps with low mood and worry. It takes some weeks to work.'],
    ['S386847004', 'Mirtazapine', 'Helps with low mood. It takes some weeks to work.'],
    ['S372726002', 'Amitriptyline', 'In a small dose it often helps with nerve pain, or to stop bad headaches.'],
    ['S387562000', 'Lamotrigine', 'Helps to stop fits. It can also keep moods steady.'],
    ['S387000003', 'Levetiracetam', 'Helps to stop fits.'],
    ['S386849001', 'Olanzapine', 'Helps people who see, hear or believe things that others do not. It can also keep moods steady.'],
    ['S386855006', 'Donepezil', 'Can help people with dementia to think and to recall things.'],
    ['S406458000', 'Memantine', 'Can help people with dementia to think and to recall things.'],
    ['S373337007', 'Methylphenidate', 'Helps people with ADHD to keep their mind on one thing.'],

    /* cancer, and the body's defence */
    ['R1736854', 'Cisplatin', 'A strong medicine that kills cancer cells.'],
    ['R583214', 'Paclitaxel', 'A strong medicine that kills cancer cells.'],
    ['R1734340', 'Etoposide', 'A strong medicine that kills cancer cells.'],
    ['S386911004', 'Letrozole', 'Helps to stop some kinds of breast cancer from growing.'],
    ['S387381009', 'Methotrexate', 'Calms the body’s defence when it attacks its own joints or skin. It is often taken once a week.'],
    ['R108515', 'Tacrolimus', 'Helps to stop the body from fighting a new kidney or other new part.'],

    /* to avoid pregnancy */
    ['R757594 R831533 R748962', 'Progestogen-only pill', 'A pill that helps to stop you from getting pregnant.'],
    ['R749762 R751905', 'Combined pill', 'A pill that helps to stop you from getting pregnant.'],
    ['R389221', 'Contraceptive implant', 'A small rod under the skin of the arm. It helps to stop you from getting pregnant.'],
    ['R1000126', 'Contraceptive injection', 'An injection that helps to stop you from getting pregnant.'],
    ['R807283', 'Hormonal coil (Mirena)', 'A small device in the womb. It helps to stop you from getting pregnant.'],
];
