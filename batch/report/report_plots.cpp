// SPDX-License-Identifier: PostgreSQL
#include "batch/report/report_plots.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "batch/output/progress.hpp"
#include "batch/report/svg.hpp"

namespace gdpr::batch {
namespace {

/// More plots than these would not be looked at; the table has every purpose.
constexpr std::size_t kMostPlots = 8;

/// "2026-11-22" as "22 Nov", "2026-11" as "Nov 26".
std::string ShortDate(const std::string& date) {
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (date.size() < 7 || date[5] < '0' || date[5] > '1') return date;
  const std::size_t month = static_cast<std::size_t>((date[5] - '0') * 10 + (date[6] - '0')) - 1;
  if (month >= kMonths.size()) return date;
  if (date.size() < 10) return std::string(kMonths[month]) + " " + date.substr(2, 2);
  return std::to_string((date[8] - '0') * 10 + (date[9] - '0')) + " " + kMonths[month];
}

std::string Figure(const std::string& title, const std::string& plot, const std::string& legend) {
  return "<figure>\n<figcaption>" + Escape(title) + "</figcaption>\n" + plot + legend +
         "</figure>\n";
}

/// Each line of the plot with its newest number.
std::string Legend(const Plot& plot) {
  std::string text = "<ul class=\"legend\">";
  for (const Series& series : plot.series) {
    const double last = series.values.empty() ? 0 : series.values.back();
    text += "<li><i class=\"s-" + series.style + "\"></i>" + Escape(series.name) + " <b>" +
            FormatCount(static_cast<std::int64_t>(last)) + "</b></li>";
  }
  return text + "</ul>\n";
}

/// Consent in the course of time, of one subject type and purpose.
struct Line {
  std::string subject_type, purpose;
  std::size_t first = 0, count = 0;  ///< rows of the section; they come sorted
  std::int64_t newest = 0;
};

std::vector<Line> LinesOf(const Rows& history) {
  std::vector<Line> lines;
  for (std::size_t row = 0; row < history.size(); ++row) {
    const std::string type = history.Text(row, "subject_type");
    const std::string purpose = history.Text(row, "purpose");
    if (lines.empty() || lines.back().subject_type != type || lines.back().purpose != purpose) {
      lines.push_back({type, purpose, row, 0, 0});
    }
    Line& line = lines.back();
    ++line.count;
    line.newest = history.Int(row, "accepted") + history.Int(row, "rejected") +
                  history.Int(row, "withdrawn") + history.Int(row, "pending");
  }
  std::ranges::stable_sort(lines, std::greater<>(), &Line::newest);
  return lines;
}

std::string ConsentPlot(const Rows& history, const Line& line, std::size_t number) {
  Plot plot{.id = "consent-" + std::to_string(number),
            .title = {},
            .description = {},
            .labels = {},
            .series = {}};
  const std::string whose = line.subject_type + ", " + line.purpose;
  plot.title = "Consent of " + whose + " over time";
  for (const char* state : {"accepted", "pending", "rejected", "withdrawn"}) {
    plot.series.push_back({state, state, {}});
  }
  for (std::size_t row = line.first; row < line.first + line.count; ++row) {
    plot.labels.push_back(ShortDate(history.Text(row, "until")));
    for (Series& series : plot.series) {
      series.values.push_back(static_cast<double>(history.Int(row, series.name)));
    }
  }
  plot.description = "From " + plot.labels.front() + " to " + plot.labels.back() + ":";
  for (const Series& series : plot.series) {
    plot.description += " " + series.name + " " + ShortCount(series.values.front()) + " to " +
                        ShortCount(series.values.back()) + ";";
  }
  return Figure(whose, StackedAreas(plot), Legend(plot));
}

Plot ErasuresOf(const Rows& erasures) {
  Plot plot{.id = "erasures",
            .title = "People anonymized in each month",
            .description = {},
            .labels = {},
            .series = {{"people", "plain", {}}}};
  for (std::size_t row = 0; row < erasures.size(); ++row) {
    const std::string month = ShortDate(erasures.Text(row, "month"));
    if (plot.labels.empty() || plot.labels.back() != month) {
      plot.labels.push_back(month);
      plot.series[0].values.push_back(0);
    }
    plot.series[0].values.back() += static_cast<double>(erasures.Int(row, "people"));
  }
  plot.description = "Twelve months, together " + FormatCount(erasures.Sum("people")) + " people.";
  return plot;
}

}  // namespace

std::string ConsentPlots(const Rows& history) {
  const std::vector<Line> lines = LinesOf(history);
  std::string plots;
  for (std::size_t i = 0; i < std::min(lines.size(), kMostPlots); ++i) {
    plots += ConsentPlot(history, lines[i], i + 1);
  }
  std::string body = plots.empty() ? "<p class=\"empty\">No decision was recorded yet.</p>\n"
                                   : "<div class=\"plots\">\n" + plots + "</div>\n";
  if (lines.size() > kMostPlots) {
    body += "<p class=\"quiet\">The " + std::to_string(kMostPlots) + " largest of " +
            std::to_string(lines.size()) + " are drawn; the table has all.</p>\n";
  }
  return body;
}

std::string ErasurePlot(const Rows& erasures) {
  const std::string title = "Anonymized by month";
  if (erasures.Sum("people") > 0) return Figure(title, StackedBars(ErasuresOf(erasures)), "");
  return Figure(title, "<p class=\"empty\">Nobody in the last twelve months.</p>\n", "");
}

std::string ReadsPlot(const Rows& reads) {
  Plot plot{.id = "reads",
            .title = "Statements that read audited tables, by day",
            .description = "Together " + FormatCount(reads.Sum("reads")) + " statements, " +
                           FormatCount(reads.Sum("whole_tables")) + " of them read whole tables.",
            .labels = {},
            .series = {{"of people", "plain", {}}, {"of whole tables", "strong", {}}}};
  for (std::size_t row = 0; row < reads.size(); ++row) {
    plot.labels.push_back(ShortDate(reads.Text(row, "day")));
    const auto whole = static_cast<double>(reads.Int(row, "whole_tables"));
    plot.series[0].values.push_back(static_cast<double>(reads.Int(row, "reads")) - whole);
    plot.series[1].values.push_back(whole);
  }
  return Figure("Reads by day", StackedBars(plot),
                "<ul class=\"legend\"><li><i class=\"s-plain\"></i>of people</li><li><i "
                "class=\"s-strong\"></i>of whole tables</li></ul>\n");
}

}  // namespace gdpr::batch
