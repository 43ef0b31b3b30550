// SPDX-License-Identifier: PostgreSQL
#include <string_view>

#include "batch/report/report_html.hpp"

namespace gdpr::batch {

// The colours of states differ in lightness too, for those who see no red and green and for
// printers without colour.
std::string_view ReportStyle() {
  return R"css(
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1c2430; --quiet: #5b6675; --line: #d9dee5; --faint: #eef1f5;
  --accent: #1f5f8b; --good: #1b7f5c; --look: #9a6700; --now: #b3261e;
  --good-back: #e6f4ee; --look-back: #fdf3dc; --now-back: #fbe9e7;
  --accepted: #1b7f5c; --pending: #e0b34c; --rejected: #8fa3bd; --withdrawn: #5a4a8a; --plain: #3b7cab; --strong: #b3261e; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161c; --card: #1b212a; --text: #e6eaf0; --quiet: #9aa7b8; --line: #323c49; --faint: #242c37;
  --accent: #7db7dd; --good: #58c79b; --look: #e3b341; --now: #ff8a80;
  --good-back: #16352a; --look-back: #3a2f12; --now-back: #43211f;
  --accepted: #3aa981; --pending: #c99a35; --rejected: #6d819b; --withdrawn: #9483d1; --plain: #5a9bc9; --strong: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif; }
main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 32px; }
h1 { font-size: 27px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 0 0 4px; }
h3 { font-size: 14px; margin: 22px 0 6px; }
p { margin: 0 0 10px; max-width: 92ch; }
.quiet, .lead, .empty, caption { color: var(--quiet); }
.lead { margin-bottom: 14px; }
.empty { margin: 8px 0; }
.verdict { border: 1px solid var(--line); border-left: 6px solid var(--good); background: var(--good-back);
  border-radius: 8px; padding: 16px 20px; margin: 20px 0; }
.verdict.look { border-left-color: var(--look); background: var(--look-back); }
.verdict.now { border-left-color: var(--now); background: var(--now-back); }
.verdict strong.head { display: block; font-size: 19px; line-height: 1.3; }
.verdict ul { list-style: none; margin: 12px 0 0; padding: 0; }
.verdict li { display: grid; grid-template-columns: 62px 1fr; gap: 2px 12px; padding: 7px 0; border-top: 1px solid var(--line); }
.verdict li small { grid-column: 2; color: var(--quiet); font-size: 13px; }
.tag { font-size: 12px; font-weight: 600; text-align: center; border-radius: 4px; padding: 1px 0; height: 21px; border: 1px solid currentColor; }
.tag.now { color: var(--now); } .tag.look { color: var(--look); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0 0 20px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; }
.tile b { display: block; font-size: 24px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { color: var(--quiet); font-size: 13px; display: block; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 18px 20px; margin: 0 0 20px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(400px, 1fr)); gap: 12px 24px; }
.plots > * { min-width: 0; }
figure { margin: 0; }
figcaption { font-weight: 600; font-size: 14px; overflow-wrap: anywhere; }
.plot { display: block; width: 100%; height: auto; }
.plot .tick { font-size: 11px; fill: var(--quiet); }
.plot .value { font-size: 11px; fill: var(--text); }
.plot .grid { stroke: var(--line); stroke-width: 1; } .plot .axis { stroke: var(--quiet); stroke-width: 1; }
.plot .area { stroke: var(--card); stroke-width: 1; }
.s-accepted { fill: var(--accepted); background: var(--accepted); } .s-pending { fill: var(--pending); background: var(--pending); }
.s-rejected { fill: var(--rejected); background: var(--rejected); } .s-withdrawn { fill: var(--withdrawn); background: var(--withdrawn); }
.s-plain { fill: var(--plain); background: var(--plain); } .s-strong { fill: var(--strong); background: var(--strong); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 4px 0 0; padding: 0; font-size: 13px; color: var(--quiet); }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
.legend b { color: var(--text); font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
caption { text-align: left; font-size: 13px; padding-bottom: 4px; }
th, td { text-align: left; vertical-align: top; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { font-weight: 600; font-size: 13px; color: var(--quiet); vertical-align: bottom; border-bottom-color: var(--quiet); }
tr > :last-child { padding-right: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.n + :not(.n) { padding-left: 14px; }
.d { white-space: nowrap; font-variant-numeric: tabular-nums; }
.zero { color: var(--quiet); }
.bad { color: var(--now); font-weight: 600; } .warn { color: var(--look); font-weight: 600; } .fine { color: var(--good); font-weight: 600; }
footer { padding-bottom: 48px; }
.sign { display: grid; grid-template-columns: 2fr 1fr 2fr; gap: 24px; margin: 40px 0 18px; }
.sign div { border-top: 1px solid var(--text); padding-top: 4px; font-size: 13px; color: var(--quiet); }
@media (max-width: 560px) { .plots { grid-template-columns: 1fr; } main, header, footer { padding-left: 12px; padding-right: 12px; } }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --text: #000; --quiet: #444; --line: #bbb; --faint: #eee;
    --good: #1b7f5c; --look: #7a5200; --now: #b3261e; --good-back: #fff; --look-back: #fff; --now-back: #fff;
    --accepted: #1b7f5c; --pending: #e0b34c; --rejected: #8fa3bd; --withdrawn: #5a4a8a; --plain: #3b7cab; --strong: #b3261e; }
  @page { size: A4; margin: 16mm 14mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; } main, header, footer { max-width: none; padding: 0; }
  table { font-size: 8.2pt; } th { font-size: 7.6pt; } th.n { white-space: normal; } th, td { padding: 3px 7px 3px 0; } .n + :not(.n) { padding-left: 4px; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(92px, 1fr)); } .tile { padding: 6px 9px; }
  .tile b { font-size: 13pt; white-space: nowrap; } .tile span { font-size: 8pt; }
  .plots { grid-template-columns: 1fr 1fr; } section { border: 0; padding: 0; margin: 0 0 14pt; }
  figure, tr, .verdict, .tile, .sign { break-inside: avoid; } h2, h3 { break-after: avoid; } .scroll { overflow: visible; } }
)css";
}

}  // namespace gdpr::batch
