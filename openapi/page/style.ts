export const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2563eb; }
* { box-sizing: border-box; }
body { margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 1fr); font: 15px/1.5 system-ui, sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1rem; border-right: 1px solid var(--line); font-size: 13px; }
nav a { display: block; padding: .15rem 0; color: inherit; text-decoration: none; }
nav a:hover { color: var(--accent); }
nav a.title { font-size: 16px; font-weight: 600; }
nav h2 { margin: 1rem 0 .3rem; font-size: 12px; text-transform: uppercase; letter-spacing: .06em; opacity: .65; }
main { max-width: 62rem; padding: 1rem 2rem 6rem; }
main > h2 { margin-top: 3rem; padding-bottom: .3rem; border-bottom: 2px solid var(--line); text-transform: capitalize; }
section { margin: 2.2rem 0; scroll-margin-top: 1rem; }
h3 { margin: 0 0 .4rem; font-size: 18px; }
h4 { margin: 1rem 0 .3rem; }
a { color: var(--accent); }
code, pre { font: 13px/1.45 ui-monospace, Menlo, Consolas, monospace; }
code { background: var(--soft); padding: .08em .3em; border-radius: 3px; }
pre { background: var(--soft); padding: .6rem .8rem; border-radius: 6px; overflow-x: auto; margin: .4rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; margin: .6rem 0; font-size: 14px; }
th { text-align: left; font-weight: 600; opacity: .65; }
td, th { padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
td code { overflow-wrap: anywhere; }
td:first-child code { overflow-wrap: normal; }
details { margin: .25rem 0; padding: .25rem .6rem; border-left: 3px solid var(--line); }
details.s2, details.s3 { border-color: #16a34a; }
details.s4 { border-color: #d97706; }
details.s5 { border-color: #dc2626; }
details.example { border: 0; padding: 0; font-size: 13px; }
summary { cursor: pointer; }
.call span, .headers, .type { opacity: .8; font-size: 13px; }
.get, .head { color: #16a34a; } .post { color: #2563eb; } .put, .patch { color: #d97706; } .delete { color: #dc2626; }
nav b { display: inline-block; width: 3.4rem; font: 600 10px ui-monospace, monospace; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } main { padding: 1rem; } }
`;
