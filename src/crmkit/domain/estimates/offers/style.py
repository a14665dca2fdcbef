"""How an offer looks: A4, ink on white, one colour."""

from typing import Final

STYLE: Final = """
@page { size: A4; margin: 16mm 17mm 18mm; }
:root { --ink: #1b2430; --soft: #66727f; --line: #dfe4e8; --tint: #f1f6f5; --mark: #0d6b64; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 12mm 10mm; max-width: 196mm; color: var(--ink); background: #fff;
  font: 10.5pt/1.55 "Inter", "Helvetica Neue", "Noto Sans SC", "Noto Sans CJK SC",
    "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
header { display: flex; justify-content: space-between; align-items: flex-end; gap: 12mm;
  padding-bottom: 5mm; border-bottom: 2.2pt solid var(--mark); }
h1 { margin: 0; font-size: 23pt; line-height: 1.2; font-weight: 650; letter-spacing: .01em; }
.kind { margin: 0 0 1mm; color: var(--mark); font-weight: 650; letter-spacing: .12em; }
.facts { display: grid; grid-template-columns: auto auto; gap: .4mm 5mm; margin: 0;
  white-space: nowrap; font-size: 9.5pt; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; text-align: right; }
.price { display: grid; grid-template-columns: 1.7fr 1fr 1fr; margin: 6mm 0 2mm;
  background: var(--tint); border-radius: 2.5mm; }
.price > div { padding: 4.5mm 5.5mm; } .price > div + div { border-left: .6pt solid var(--line); }
.price small { display: block; color: var(--soft); font-size: 9pt; }
.price strong { display: block; font-size: 14pt; font-weight: 600; line-height: 1.35;
  font-variant-numeric: tabular-nums; }
.price .main strong { color: var(--mark); font-size: 22pt; font-weight: 700; line-height: 1.25; }
h2 { margin: 7.5mm 0 2mm; font-size: 12.5pt; font-weight: 650; break-after: avoid; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 1mm 2mm; text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; font-size: 9pt;
  border-bottom: .8pt solid var(--ink); }
tbody td { border-bottom: .5pt solid var(--line); }
tr { break-inside: avoid; } thead { display: table-header-group; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td small { display: block; color: var(--soft); font-size: 8.8pt; line-height: 1.4; }
td .unit { color: var(--soft); font-size: 9pt; }
.group th { padding-top: 3mm; color: var(--mark); font-weight: 650;
  border-bottom: .5pt solid var(--line); }
.total td { border-top: 1.2pt solid var(--ink); border-bottom: 0; font-weight: 650;
  font-size: 12pt; }
.tax td { border: 0; padding-top: 0; color: var(--soft); }
.bar { display: flex; gap: .7mm; margin: 1mm 0 0; }
.bar div { min-width: 0; } .bar i { display: block; height: 3mm; background: var(--mark); }
.bar div:first-child i { border-radius: 1.5mm 0 0 1.5mm; }
.bar div:last-child i { border-radius: 0 1.5mm 1.5mm 0; }
.bar div:nth-child(even) i { opacity: .62; }
.bar span { display: block; padding: 1mm 1mm 0 0; font-size: 8.8pt; line-height: 1.35; }
.bar span small { display: block; color: var(--soft); font-size: 8.2pt; white-space: nowrap; }
.notes { display: grid; grid-template-columns: 1fr 1fr; gap: 0 9mm; }
.notes li { break-inside: avoid; }
.notes ul { margin: 0; padding-left: 4mm; color: #3c4854; font-size: 9.2pt; }
.notes li { margin: .4mm 0; }
.fine { margin: 1.5mm 0 0; color: var(--soft); font-size: 8.6pt; }
.sign { display: grid; grid-template-columns: 1fr 1fr; gap: 12mm; margin-top: 3mm;
  break-inside: avoid; }
.sign div { padding-top: 1.5mm; border-top: .6pt solid var(--ink); color: var(--soft);
  font-size: 9pt; margin-top: 15mm; }
@media print { body { padding: 0; max-width: none; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
"""
