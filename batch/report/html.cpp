// SPDX-License-Identifier: PostgreSQL
#include "batch/report/html.hpp"

#include <algorithm>

#include "batch/output/progress.hpp"
#include "batch/report/svg.hpp"

namespace gdpr::batch {
namespace {

using Look = HtmlColumn::Look;

std::string_view ClassOf(std::string_view state) {
  for (const std::string_view bad : {"failed", "error", "interrupted"}) {
    if (state == bad) return "bad";
  }
  for (const std::string_view warn : {"held", "warning", "paused", "planned"}) {
    if (state == warn) return "warn";
  }
  return state == "finished" ? "fine" : "";
}

std::string Cell(const Rows& rows, std::size_t row, const HtmlColumn& column) {
  const std::string text = rows.Text(row, column.name);
  if (rows.IsNull(row, column.name)) {
    return column.look == Look::kNumber ? R"(<td class="n zero">&ndash;</td>)"
                                        : R"(<td class="zero">&ndash;</td>)";
  }
  switch (column.look) {
    case Look::kNumber: {
      const std::int64_t count = rows.Int(row, column.name);
      return std::string(count == 0 ? R"(<td class="n zero">)" : R"(<td class="n">)") +
             FormatCount(count) + "</td>";
    }
    case Look::kDate:
      return R"(<td class="d">)" + Escape(text) + "</td>";
    case Look::kState:
      return "<td class=\"" + std::string(ClassOf(text)) + "\">" + Escape(text) + "</td>";
    default:
      return "<td>" + Escape(text) + "</td>";
  }
}

}  // namespace

std::string HtmlTable(const Rows& rows, const std::vector<HtmlColumn>& columns,
                      std::string_view caption, std::string_view none) {
  if (rows.empty()) return "<p class=\"empty\">" + Escape(none) + "</p>\n";
  std::string text = "<div class=\"scroll\"><table>\n";
  if (!caption.empty()) text += "<caption>" + Escape(caption) + "</caption>\n";
  text += "<thead><tr>";
  for (const HtmlColumn& column : columns) {
    text += std::string("<th scope=\"col\"") +
            (column.look == Look::kNumber ? " class=\"n\">" : ">") + Escape(column.title) + "</th>";
  }
  text += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < rows.size(); ++row) {
    text += "<tr>";
    for (const HtmlColumn& column : columns) text += Cell(rows, row, column);
    text += "</tr>\n";
  }
  return text + "</tbody>\n</table></div>\n";
}

}  // namespace gdpr::batch
