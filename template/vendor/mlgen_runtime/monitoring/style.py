"""How the page of `monitor` looks, beyond the style of the model card, and what its browser may do."""

from __future__ import annotations

#: Nothing is fetched from anywhere, neither by this page nor by the one inside of it.
NOWHERE = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:; "
    "font-src data:; frame-src 'self'; worker-src blob:"
)
MORE = """
main{max-width:1160px}svg{display:block;max-width:100%;height:auto}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:#5b6875}
.grid{stroke:#e9edf1;stroke-width:1}.alert{stroke:#b3262e;stroke-width:1.2;stroke-dasharray:2 3}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:20px 28px}
.charts h3,h3{font-size:.95rem;margin:0 0 6px}.scroll svg{max-width:none}
.legend{display:flex;flex-wrap:wrap;gap:4px 14px;margin:4px 0 0;font-size:.8rem;color:var(--soft)}
.legend i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:5px}
.bad{color:#b3262e;font-weight:650}#detail{overflow-x:auto}
iframe{width:100%;min-width:880px;height:80vh;border:1px solid var(--line);border-radius:8px}
td.w{white-space:nowrap}.gap{margin-top:18px}
"""
