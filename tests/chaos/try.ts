import { exceljsWorkbookWriter } from '#lib/adapters/workbook-writer/exceljs.ts';
import { sampleWorkbook } from '#lib/samples/sample-workbook.ts';
import { chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
const w = exceljsWorkbookWriter();
for (const cols of [99, 6]) {
const t0=performance.now();
const { sheets, file_name } = sampleWorkbook('pw','2025-09-12');
const cut = sheets.map(s=>({...s, rows: s.rows.filter(r=> cols>90 || r.row<36 ).map(r=>({...r, cells:r.cells.filter(c=>c.column<=cols)}))}));
const t1=performance.now();
const bytes = await w.write(cut,{created_at:'2025-09-12T21:15:00.000Z'});
const t2=performance.now();
const p = chainPorts({expected_vendors:['pw']});
for (let i=0;i<3;i++){
const t3=performance.now();
const e = await upload(p,file_name.replace('1430',String(1430+i)),'2025-09-12',bytes,'0'+i);
const v = await runChain(p,e);
const rel = await p.tables.releases('main');
console.log(cols, bytes.length, 'model',t1-t0,'write',t2-t1,'chain',performance.now()-t3, v, rel.map(r=>r.row_count));
if (!rel.length) console.log((await p.log.latest({limit:3})));
}}
process.exit()
