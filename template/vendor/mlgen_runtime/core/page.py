"""How our pages look: one style sheet for the model card, the contract report and the monitor page."""

from __future__ import annotations

STYLE = """
:root{--ink:#1c2733;--soft:#5b6875;--line:#e3e8ed;--accent:#0b6e99;--paper:#fff;--back:#f4f6f8;--good:#1a7f4b;
--warn:#b45f06}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1060px;margin:0 auto;padding:24px 16px 56px}
header{padding:8px 0 4px}h1{font-size:1.7rem;line-height:1.2;margin:0 0 4px}h2{font-size:1.1rem;margin:0 0 12px}
.sub{color:var(--soft);margin:0}.card{background:var(--paper);border:1px solid var(--line);border-radius:12px;
padding:20px;margin:16px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:16px 0}
.tile{background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:14px 16px}
.tile b{display:block;font-size:1.5rem;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:.85rem}
.verdict{border-left:5px solid var(--good)}.verdict.held{border-left-color:var(--warn)}.verdict p{margin:0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:7px 12px 7px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:600;white-space:nowrap}td.n,th.n{text-align:right}tr.on td{font-weight:650}
tr:last-child td{border-bottom:0}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:16px}
figure{margin:0}figure img{width:100%;height:auto;display:block;border-radius:8px}
figure.wide{grid-column:1/-1}
figcaption{color:var(--soft);font-size:.85rem;padding:4px 6px}
.bar{display:inline-block;height:8px;border-radius:4px;background:var(--accent);vertical-align:middle}
code{font:.86em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
details summary{cursor:pointer;color:var(--accent)}ul{margin:0;padding-left:20px}
@media (max-width:600px){.card{padding:16px 14px}h1{font-size:1.4rem}th,td{padding-right:10px}}
"""
