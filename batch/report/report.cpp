// SPDX-License-Identifier: PostgreSQL
#include "batch/report/report.hpp"

#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "batch/cli/options.hpp"
#include "batch/output/out_file.hpp"
#include "batch/output/table.hpp"
#include "batch/queries.hpp"
#include "batch/report/report_html.hpp"
#include "batch/run/signals.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {
namespace {

enum class Takes { kNothing, kDays, kType, kTypeAndDays };

struct Section {
  const char* name;
  const char* title;  ///< of the table on standard output; empty: for plots only
  std::string_view query;
  Takes takes;
};

constexpr Section kSections[] = {
    {"head", "", query::kReportHead, Takes::kTypeAndDays},
    {"people", "People", query::kReportPeople, Takes::kType},
    {"consent", "Consent today", query::kReportConsent, Takes::kType},
    {"consent_history", "", query::kReportConsentHistory, Takes::kTypeAndDays},
    {"erasures", "Anonymized by month", query::kReportErasures, Takes::kType},
    {"queue", "Waiting for erasure", query::kReportQueue, Takes::kType},
    {"held", "Held back", query::kReportHeld, Takes::kType},
    {"retention", "Retention", query::kReportRetention, Takes::kType},
    {"opt_outs", "Opted out", query::kReportOptOuts, Takes::kType},
    {"suppression", "Suppressed addresses", query::kReportSuppression, Takes::kNothing},
    {"campaigns", "Campaigns", query::kReportCampaigns, Takes::kTypeAndDays},
    {"outbox", "Outbox", query::kReportOutbox, Takes::kNothing},
    {"reads", "", query::kReportReads, Takes::kDays},
    {"readers", "Who looked", query::kReportReaders, Takes::kDays},
    {"audit", "Audit", query::kReportAudit, Takes::kNothing},
    {"unclassified", "Not classified", query::kReportUnclassified, Takes::kType},
    {"findings", "Findings of gdpr.doctor()", query::kReportFindings, Takes::kNothing},
    {"runs", "Runs", query::kReportRuns, Takes::kTypeAndDays},
};

Result Fetch(Connection& connection, const Section& section, const Options& options) {
  const Param type = options.subject.empty() ? Param(nullptr) : Param(options.subject);
  const Param days = options.report.days;
  switch (section.takes) {
    case Takes::kDays:
      return connection.Execute(section.query, {days});
    case Takes::kType:
      return connection.Execute(section.query, {type});
    case Takes::kTypeAndDays:
      return connection.Execute(section.query, {type, days});
    default:
      return connection.Execute(section.query);
  }
}

using Fetched = std::vector<std::pair<const Section*, Result>>;

/// Section by section, each a statement of its own: a report keeps no old snapshot open on a busy
/// server, and says as of when it is to the minute.
Fetched FetchAll(const Options& options, Signals& signals) {
  Connection connection = ConnectAndShakeHands(options);
  const WatchedConnection watched(signals, connection);
  connection.Execute(query::kReportMemory);
  Fetched fetched;
  for (const Section& section : kSections) {
    fetched.emplace_back(&section, Fetch(connection, section, options));
  }
  return fetched;
}

ReportData DataOf(const Fetched& fetched) {
  ReportData data;
  for (const auto& [section, result] : fetched) data[section->name] = Rows::Of(result);
  return data;
}

nlohmann::ordered_json AttentionJson(const std::vector<Attention>& attention) {
  auto items = nlohmann::ordered_json::array();
  for (const Attention& item : attention) {
    items.push_back({{"level", item.level == Attention::Level::kNow ? "now" : "look"},
                     {"text", item.text},
                     {"hint", item.hint}});
  }
  return items;
}

void PrintJson(const Fetched& fetched, const std::vector<Attention>& attention) {
  nlohmann::ordered_json report = {{"headline", Headline(attention)},
                                   {"attention", AttentionJson(attention)}};
  for (const auto& [section, result] : fetched) report[section->name] = TableJson(result);
  std::cout << report.dump() << std::endl;
}

void PrintText(const Fetched& fetched, const std::vector<Attention>& attention) {
  std::cout << Headline(attention) << "\n\n";
  for (const Attention& item : attention) {
    std::cout << (item.level == Attention::Level::kNow ? "  now   " : "  look  ") << item.text
              << '\n';
  }
  if (!attention.empty()) std::cout << '\n';
  for (const auto& [section, result] : fetched) {
    if (*section->title != '\0') PrintTable(std::cout, result, section->title);
  }
}

void WritePage(const std::string& path, const ReportData& data) {
  OutFile file(path);
  file.Write(ReportPage(data));
  file.Commit();
}

}  // namespace

void WriteReport(const Options& options, Signals& signals) {
  WritePage(options.report.html, DataOf(FetchAll(options, signals)));
}

ExitCode Report(const Options& options, Signals& signals) {
  const Fetched fetched = FetchAll(options, signals);
  const ReportData data = DataOf(fetched);
  const std::vector<Attention> attention = FindAttention(data);
  if (!options.report.html.empty()) WritePage(options.report.html, data);
  if (options.json) {
    PrintJson(fetched, attention);
  } else if (options.report.html.empty()) {
    PrintText(fetched, attention);
  } else {
    std::cout << Headline(attention) << "\nThe report is in " << options.report.html << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace gdpr::batch
