/** The style of a timeline's page. */
export const timelineStyle = `
:root { color-scheme: light dark; --text: #1c2024; --soft: #5f6872; --line: #d9dde2; --back: #fff; }
@media screen and (prefers-color-scheme: dark) {
  :root { --text: #e6e9ec; --soft: #9aa4ae; --line: #363d45; --back: #16191d; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 100rem; color: var(--text); background: var(--back);
  font: 14px/1.45 system-ui, sans-serif; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
small { color: var(--soft); font-weight: normal; }
h1 small { font-size: 1.1rem; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 0; }
dt { color: var(--soft); font-size: .85em; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-weight: normal; font-size: .85em; }
tbody th { min-width: 9rem; font-weight: 600; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.number + td, .number + th { padding-left: 1rem; }
.message { white-space: pre-wrap; overflow-wrap: anywhere; width: 50%; font-family: ui-monospace, monospace;
  font-size: .9em; }
.index { min-width: 10rem; }
.chip { display: inline-block; white-space: nowrap; margin-right: .5rem; }
.swatch { display: inline-block; width: .75em; height: .75em; margin-right: .4em; border-radius: 2px;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.failed { background: #e5002b; }
#controls { margin-bottom: .5rem; }
.hint { margin-left: .75rem; color: var(--soft); font-size: .85em; }
.hint .swatch { margin-left: .75em; }
button { font: inherit; font-size: .85em; padding: .15rem .6rem; }
#chart { display: flex; border-bottom: 1px solid var(--line); }
#labels { position: relative; flex: none; width: clamp(5rem, 18vw, 11rem); font-size: 11px; line-height: 12px; }
#labels div { position: absolute; right: .75rem; left: 0; overflow: hidden; text-align: right; text-overflow: ellipsis;
  white-space: nowrap; }
#plot { position: relative; flex: 1; min-width: 0; cursor: crosshair; user-select: none; touch-action: pan-y; }
#plot:focus-visible { outline: 2px solid #3d67ff; outline-offset: 2px; }
#axis { position: absolute; inset: 0; overflow: hidden; pointer-events: none; }
#axis div { position: absolute; top: 0; bottom: 0; padding-left: 3px; border-left: 1px solid var(--line);
  color: var(--soft); font-size: 11px; line-height: 16px; white-space: nowrap; }
canvas { position: relative; display: block; width: 100%; print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
#selection { position: absolute; top: 20px; bottom: 0; background: #3d67ff33; border: solid #3d67ff;
  border-width: 0 1px; pointer-events: none; }
#mark { position: absolute; border: 2px solid var(--text); border-radius: 2px; pointer-events: none; }
#tip { position: absolute; z-index: 1; width: max-content; max-width: 22rem; padding: .4rem .6rem; color: var(--text);
  background: var(--back); border: 1px solid var(--soft); border-radius: 4px; box-shadow: 0 2px 8px #0004;
  font-size: 12px; white-space: pre-line; overflow-wrap: anywhere; pointer-events: none; }
#tip::first-line { font-weight: 600; }
[hidden] { display: none !important; }
@media print {
  body { padding: 0; }
  #controls, #tip, #mark, #selection { display: none !important; }
  #plot { outline: none !important; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
}
`;
