// SPDX-License-Identifier: PostgreSQL
#include "batch/report/report_html.hpp"

#include "batch/output/progress.hpp"
#include "batch/report/html.hpp"
#include "batch/report/report_plots.hpp"
#include "batch/report/svg.hpp"

namespace gdpr::batch {
namespace {

using Look = HtmlColumn::Look;

std::string Tile(const std::string& number, const std::string& what) {
  return "<div class=\"tile\"><b>" + Escape(number) + "</b><span>" + Escape(what) +
         "</span></div>\n";
}

std::string Section(const std::string& title, const std::string& lead, const std::string& body) {
  return "<section>\n<h2>" + title + "</h2>\n<p class=\"lead\">" + lead + "</p>\n" + body +
         "</section>\n";
}

std::string ConsentSection(const ReportData& data) {
  std::string body = ConsentPlots(SectionOf(data, "consent_history"));
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

std::string LeavingSection(const ReportData& data) {
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
  return Section("Leaving",
                 "Who was anonymized, with a certificate each; who waits for it; and who should be "
                 "gone and is held back.",
                 "<div class=\"plots\">\n" + ErasurePlot(SectionOf(data, "erasures")) +
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
  const std::string lead =
      "Statements that read tables under audit, without those of pg_gdpr itself.";
  if (reads.Sum("reads") == 0) {
    return Section("Who looked", lead,
                   "<p class=\"empty\">No read was recorded: reads are audited where gdpr.audit() "
                   "says so and the server preloads pg_gdpr.</p>\n");
  }
  return Section("Who looked", lead,
                 "<div class=\"plots\">\n" + ReadsPlot(reads) + "<div>\n" +
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
  // Times are "2026-11-22 02:00": the day is the number, the hour beneath it.
  const auto day = [&](const char* name, const std::string& what) {
    const std::string text = audit.Text(0, name);
    if (text.size() != 16) return Tile(text.empty() ? "never" : text, what);
    return Tile(text.substr(0, 10), what + ", " + text.substr(11));
  };
  std::string body = "<div class=\"tiles\">\n" +
                     Tile(FormatCount(audit.Int(0, "audited_tables")), "tables under audit") +
                     Tile(FormatCount(audit.Int(0, "seals")), "seals over their changes") +
                     Tile(FormatCount(audit.Int(0, "unsealed")), "changes without a seal yet") +
                     day("sealed_at", "newest seal") + day("verified_at", "last found as sealed") +
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
