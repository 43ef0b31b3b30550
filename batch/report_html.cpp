// SPDX-License-Identifier: PostgreSQL
#include "batch/report_html.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "batch/html.hpp"
#include "batch/progress.hpp"
#include "batch/svg.hpp"

namespace gdpr::batch {
namespace {

using Look = HtmlColumn::Look;

/// More plots than these would not be looked at; the table has every purpose.
constexpr std::size_t kMostPlots = 8;

const Rows& SectionOf(const ReportData& data, const std::string& name) {
  static const Rows kNone;
  const auto found = data.find(name);
  return found == data.end() ? kNone : found->second;
}

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

std::string Tile(const std::string& number, const std::string& what) {
  return "<div class=\"tile\"><b>" + Escape(number) + "</b><span>" + Escape(what) +
         "</span></div>\n";
}

std::string Section(const std::string& title, const std::string& lead, const std::string& body) {
  return "<section>\n<h2>" + title + "</h2>\n<p class=\"lead\">" + lead + "</p>\n" + body +
         "</section>\n";
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

std::string ConsentSection(const ReportData& data) {
  const Rows& history = SectionOf(data, "consent_history");
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
  body += "<h3>Today</h3>\n" +
          HtmlTable(SectionOf(data, "consent"),
                    {{"subject_type", "People"},
                     {"purpose", "Purpose"},
                     {"lawful_basis", "Lawful basis"},
                     {"accepted", "Accepted", Look::kNumber},
                     {"lapsed", "Lapsed", Look::kNumber},
                     {"rejected", "Rejected", Look::kNumber},
                     {"withdrawn", "Withdrawn", Look::kNumber},
                     {"pending", "Asked, pending", Look::kNumber},
                     {"undecided", "Nothing recorded", Look::kNumber},
                     {"may_be_processed", "May be processed", Look::kNumber}},
                    "May be processed: by consent or any other basis, after objections and "
                    "restrictions, as the database enforces it.",
                    "No purpose has been declared.");
  return Section("Consent",
                 "Decisions on record at the end of each day, of people who were not anonymized "
                 "then. An acceptance that lapsed counts as pending.",
                 body);
}

Plot ErasurePlot(const Rows& erasures) {
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

std::string LeavingSection(const ReportData& data) {
  const Rows& erasures = SectionOf(data, "erasures");
  const std::string queue = HtmlTable(SectionOf(data, "queue"),
                                      {{"subject_type", "People"},
                                       {"state", "State", Look::kState},
                                       {"people", "How many", Look::kNumber},
                                       {"due", "Due", Look::kNumber},
                                       {"overdue", "Over a month", Look::kNumber},
                                       {"first_due", "First due", Look::kDate}},
                                      "", "Nobody waits for an erasure.");
  const std::string held = HtmlTable(SectionOf(data, "held"),
                                     {{"subject_type", "People"},
                                      {"state", "State", Look::kState},
                                      {"reason", "Reason"},
                                      {"people", "How many", Look::kNumber},
                                      {"since", "Since", Look::kDate}},
                                     "", "Nobody is held back.");
  const std::string plot =
      erasures.Sum("people") > 0
          ? Figure("Anonymized by month", StackedBars(ErasurePlot(erasures)), "")
          : "<figure><figcaption>Anonymized by month</figcaption><p class=\"empty\">Nobody in the "
            "last twelve months.</p></figure>\n";
  return Section("Leaving",
                 "Who was anonymized, with a certificate each; who waits for it; and who should be "
                 "gone and is held back.",
                 "<div class=\"plots\">\n" + plot +
                     "<div>\n<h3 style=\"margin-top:0\">Waiting</h3>\n" + queue +
                     "<h3>Held back</h3>\n" + held + "</div>\n</div>\n<h3>Retention</h3>\n" +
                     HtmlTable(SectionOf(data, "retention"),
                               {{"subject_type", "People"},
                                {"applies_to", "Applies to"},
                                {"keep", "Kept after the last contact"},
                                {"warn", "Warned before"},
                                {"grace", "Grace"},
                                {"action", "Then"},
                                {"warned", "Warned now", Look::kNumber},
                                {"queued", "Queued", Look::kNumber}},
                               "",
                               "No retention policy has been set: people are kept for ever "
                               "unless somebody queues them."));
}

std::string ContactSection(const ReportData& data) {
  return Section("Writing to people", "Who does not want it, and what was or will be sent.",
                 "<div class=\"plots\">\n<div>\n<h3 style=\"margin-top:0\">Opted out</h3>\n" +
                     HtmlTable(SectionOf(data, "opt_outs"),
                               {{"subject_type", "People"},
                                {"purpose", "Purpose"},
                                {"channel", "Channel"},
                                {"people", "How many", Look::kNumber}},
                               "", "Nobody has opted out.") +
                     "</div>\n<div>\n<h3 style=\"margin-top:0\">Suppressed addresses</h3>\n" +
                     HtmlTable(SectionOf(data, "suppression"),
                               {{"channel", "Channel"},
                                {"kind", "Known as"},
                                {"addresses", "How many", Look::kNumber}},
                               "", "No address is suppressed.") +
                     "</div>\n</div>\n<h3>Campaigns of renewed consent</h3>\n" +
                     HtmlTable(SectionOf(data, "campaigns"),
                               {{"run", "Run", Look::kNumber},
                                {"subject_type", "People"},
                                {"purpose", "Purpose"},
                                {"form", "Form"},
                                {"state", "State", Look::kState},
                                {"eligible", "Eligible", Look::kNumber},
                                {"excluded", "Left out", Look::kNumber},
                                {"asked", "Asked", Look::kNumber},
                                {"planned_by", "Planned by"},
                                {"approved_by", "Approved by"}},
                               "", "None in these days.") +
                     "<h3>Outbox</h3>\n" +
                     HtmlTable(SectionOf(data, "outbox"),
                               {{"kind", "Message"},
                                {"channel", "Channel"},
                                {"state", "State", Look::kState},
                                {"messages", "How many", Look::kNumber},
                                {"oldest", "Oldest", Look::kDate}},
                               "", "The outbox is empty."));
}

std::string ReadsSection(const ReportData& data) {
  const Rows& reads = SectionOf(data, "reads");
  Plot plot{.id = "reads",
            .title = "Statements that read audited tables, by day",
            .description = "Together " + FormatCount(reads.Sum("reads")) + " statements, " +
                           FormatCount(reads.Sum("whole_tables")) + " of them read whole tables.",
            .labels = {},
            .series = {{"of single people", "plain", {}}, {"of whole tables", "strong", {}}}};
  for (std::size_t row = 0; row < reads.size(); ++row) {
    plot.labels.push_back(ShortDate(reads.Text(row, "day")));
    const auto whole = static_cast<double>(reads.Int(row, "whole_tables"));
    plot.series[0].values.push_back(static_cast<double>(reads.Int(row, "reads")) - whole);
    plot.series[1].values.push_back(whole);
  }
  const std::string drawn =
      reads.Sum("reads") > 0
          ? Figure("Reads by day", StackedBars(plot),
                   "<ul class=\"legend\"><li><i class=\"s-plain\"></i>of people</li><li><i "
                   "class=\"s-strong\"></i>of whole tables</li></ul>\n")
          : "<p class=\"empty\">No read was recorded: reads are audited where gdpr.audit() says so "
            "and the server preloads pg_gdpr.</p>\n";
  return Section("Who looked",
                 "Statements that read tables under audit, without those of pg_gdpr itself.",
                 "<div class=\"plots\">\n" + drawn + "<div>\n" +
                     HtmlTable(SectionOf(data, "readers"),
                               {{"role", "Role"},
                                {"purpose", "Purpose named"},
                                {"reads", "Reads", Look::kNumber},
                                {"whole_tables", "Whole tables", Look::kNumber},
                                {"last_read", "Last", Look::kDate}},
                               "", "Nobody.") +
                     "</div>\n</div>\n");
}

std::string ProofSection(const ReportData& data) {
  const Rows& audit = SectionOf(data, "audit");
  if (audit.empty() || audit.Int(0, "audited_tables") == 0) {
    return Section("Proof",
                   "Changes of people\u2019s data, and seals that show if anybody edited "
                   "the record of them.",
                   "<p class=\"empty\">No table is audited: what is changed leaves no trace. "
                   "gdpr.audit() or gdpr.protect() begins.</p>\n");
  }
  const auto tile = [](const std::string& number, const std::string& what) {
    return Tile(number.empty() ? "\u2013" : number, what);
  };
  std::string body =
      "<div class=\"tiles\">\n" +
      tile(FormatCount(audit.Int(0, "audited_tables")), "tables under audit") +
      tile(FormatCount(audit.Int(0, "seals")),
           "seals" + (audit.IsNull(0, "sealed_at")
                          ? std::string()
                          : ", the newest of " + audit.Text(0, "sealed_at"))) +
      tile(FormatCount(audit.Int(0, "unsealed")), "changes without a seal") +
      tile(audit.Text(0, "verified_at").empty() ? "never" : audit.Text(0, "verified_at"),
           "found as sealed by the night\u2019s check") +
      "</div>\n";
  if (audit.Text(0, "anchor") != "t") {
    body +=
        "<p class=\"quiet\">Seals are anchored nowhere: an administrator of this server could "
        "rewrite the log and seal it again.</p>\n";
  }
  return Section("Proof",
                 "Changes of people\u2019s data, and seals that show if anybody edited the record "
                 "of them.",
                 body);
}

std::string OpenSection(const ReportData& data) {
  return Section("Open", "What is not decided or not as it should be.",
                 "<h3 style=\"margin-top:0\">Columns that nobody has classified</h3>\n" +
                     HtmlTable(SectionOf(data, "unclassified"),
                               {{"subject_type", "People"},
                                {"relation", "Table"},
                                {"columns", "How many", Look::kNumber},
                                {"names", "Columns"}},
                               "", "Every column of people\u2019s tables is classified.") +
                     "<h3>Who escapes the policies, and other findings of gdpr.doctor()</h3>\n" +
                     HtmlTable(SectionOf(data, "findings"),
                               {{"severity", "Severity", Look::kState},
                                {"object", "Where"},
                                {"finding", "Finding"},
                                {"hint", "Remedy"}},
                               "", "The doctor has found nothing."));
}

std::string RunsSection(const ReportData& data) {
  return Section("Runs", "What gdpr-batch did.",
                 HtmlTable(SectionOf(data, "runs"),
                           {{"run", "Run", Look::kNumber},
                            {"job", "Job"},
                            {"subject_type", "People"},
                            {"state", "State", Look::kState},
                            {"started", "Started", Look::kDate},
                            {"took", "Took", Look::kDate},
                            {"people", "People", Look::kNumber},
                            {"done", "Done", Look::kNumber},
                            {"changed", "Changed", Look::kNumber},
                            {"held", "Held back", Look::kNumber},
                            {"failed", "Failed", Look::kNumber},
                            {"per_second", "People/s", Look::kNumber}},
                           "", "No run in these days."));
}

std::string Verdict(const std::vector<Attention>& attention) {
  const bool now = !attention.empty() && attention.front().level == Attention::Level::kNow;
  std::string text =
      std::string("<div class=\"verdict") + (attention.empty() ? "" : (now ? " now" : " look")) +
      "\" role=\"status\">\n<strong class=\"head\">" + Escape(Headline(attention)) + "</strong>\n";
  if (attention.empty()) return text + "</div>\n";
  text += "<ul>\n";
  for (const Attention& item : attention) {
    const bool urgent = item.level == Attention::Level::kNow;
    text += std::string("<li><span class=\"tag ") + (urgent ? "now\">now" : "look\">look") +
            "</span><span>" + Escape(item.text) + "</span>" +
            (item.hint.empty() ? "" : "<small>" + Escape(item.hint) + "</small>") + "</li>\n";
  }
  return text + "</ul>\n</div>\n";
}

std::string Tiles(const ReportData& data) {
  const Rows& people = SectionOf(data, "people");
  return "<div class=\"tiles\">\n" + Tile(FormatCount(people.Sum("people")), "people on record") +
         Tile(FormatCount(SectionOf(data, "erasures").Sum("people")),
              "anonymized in twelve months") +
         Tile(FormatCount(SectionOf(data, "queue").Sum("due")), "due for erasure") +
         Tile(FormatCount(people.Sum("opted_out")), "opted out of something") +
         Tile(FormatCount(people.Sum("restricted") + people.Sum("objected")),
              "restricted or objecting") +
         Tile(FormatCount(SectionOf(data, "unclassified").Sum("columns")),
              "columns without a classification") +
         "</div>\n";
}

}  // namespace

std::string ReportPage(const ReportData& data) {
  const Rows& head = SectionOf(data, "head");
  const std::string database = head.Text(0, "database");
  const std::string whom = head.IsNull(0, "subject_type")
                               ? std::string("all subject types")
                               : "subject type " + head.Text(0, "subject_type");
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
         "<title>Data protection report, " +
         Escape(database + ", " + head.Text(0, "day")) + "</title>\n<style>" +
         std::string(ReportStyle()) +
         "</style>\n</head>\n<body>\n<header>\n<h1>Data protection report</h1>\n<p "
         "class=\"quiet\">Database <b>" +
         Escape(database) + "</b>, " + Escape(whom) + ". As of " + Escape(head.Text(0, "at")) +
         " (" + Escape(head.Text(0, "zone")) + "), the last " + Escape(head.Text(0, "days")) +
         " days since " + Escape(head.Text(0, "since")) + ".</p>\n</header>\n<main>\n" +
         Verdict(FindAttention(data)) + Tiles(data) + ConsentSection(data) + LeavingSection(data) +
         ContactSection(data) + ReadsSection(data) + ProofSection(data) + OpenSection(data) +
         RunsSection(data) +
         "</main>\n<footer>\n<p class=\"quiet\">Made by gdpr-batch report as role " +
         Escape(head.Text(0, "role")) + " with pg_gdpr " + Escape(head.Text(0, "version")) +
         ". This page holds counts and names of tables, purposes and roles; no key and no value of "
         "a person.</p>\n<div class=\"sign\"><div>Data protection officer</div><div>Date</div>"
         "<div>Signature</div></div>\n</footer>\n</body>\n</html>\n";
}

}  // namespace gdpr::batch
