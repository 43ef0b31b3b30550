// SPDX-License-Identifier: PostgreSQL
#include "batch/optouts/optout_report.hpp"

#include <cmath>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "batch/output/log.hpp"
#include "batch/output/progress.hpp"

namespace gdpr::batch {
namespace {

std::string DelimiterName(char delimiter) {
  if (delimiter == '\0') return "none";
  return delimiter == '\t' ? "tab" : std::string(1, delimiter);
}

/// "column 2 (mail), header"
std::string PlaceOf(const ListFormat& format) {
  std::string place = "column " + std::to_string(format.column + 1);
  if (!format.column_name.empty()) place += " (" + format.column_name + ")";
  return place + (format.skip > 0 ? ", with a header" : ", without a header");
}

nlohmann::ordered_json FormatJson(const ListSource& list) {
  const ListFormat& format = list.format();
  return {{"encoding", NameOf(list.encoding())},
          {"delimiter", DelimiterName(format.dialect.delimiter)},
          {"header", format.skip > 0},
          {"column", format.column + 1},
          {"column_name", format.column_name.empty() ? nlohmann::ordered_json()
                                                     : nlohmann::ordered_json(format.column_name)},
          {"kind", NameOf(format.kind)}};
}

nlohmann::ordered_json ReasonsJson(const RejectFile& rejects) {
  nlohmann::ordered_json reasons = nlohmann::ordered_json::object();
  for (std::size_t i = 1; i < kRejects; ++i) {
    const auto reason = static_cast<Reject>(i);
    if (rejects.CountOf(reason) > 0)
      reasons[std::string(ReasonOf(reason))] = rejects.CountOf(reason);
  }
  return reasons;
}

void PrintLine(std::int64_t count, const std::string& what) {
  if (count > 0) std::cout << std::setw(14) << FormatCount(count) << "  " << what << '\n';
}

void PrintText(const Options& options, const OptoutImport& import, double seconds) {
  const OptoutCounts& counts = import.counts;
  const bool dry = options.dry_run;
  const ListFormat& format = import.list.format();
  const std::int64_t lines = counts.values() + import.rejects.count();
  std::cout << "The list: " << NameOf(format.kind) << " in " << PlaceOf(format) << ", delimiter "
            << DelimiterName(format.dialect.delimiter) << ", " << NameOf(import.list.encoding())
            << ".\n"
            << (dry ? "Would import " : "Imported ") << FormatCount(lines)
            << " lines: " << FormatCount(counts.people)
            << (dry ? " people would be" : " people were") << " opted out, in "
            << FormatSeconds(seconds) << ".\n";
  PrintLine(counts.matched, "belong to people");
  PrintLine(counts.kept, "belong to nobody yet: kept as keyed digests");
  PrintLine(counts.already, "changed nothing: opted out or on the list already");
  PrintLine(counts.newer, "left alone: they opted in after the list was made");
  PrintLine(import.rejects.count(),
            "rejected" + (import.rejects.path().empty() ? "" : ", see " + import.rejects.path()));
  for (std::size_t i = 1; i < kRejects; ++i) {
    const auto reason = static_cast<Reject>(i);
    PrintLine(import.rejects.CountOf(reason), "  " + std::string(ReasonOf(reason)));
  }
  const std::int64_t from = import.list.quotes_given_up();
  if (from > 0) {
    std::cout << "From line " << FormatCount(from)
              << " on quotes were read as letters: too many of them are never closed.\n";
  }
}

}  // namespace

void LogFormatOf(const ListSource& list) {
  const ListFormat& format = list.format();
  Log(Level::kInfo, "list",
      {{"kind", NameOf(format.kind)},
       {"encoding", NameOf(list.encoding())},
       {"delimiter", DelimiterName(format.dialect.delimiter)},
       {"column", static_cast<std::int64_t>(format.column + 1)},
       {"column_name", format.column_name},
       {"header", format.skip > 0}});
}

void ReportImport(const Options& options, const OptoutImport& import, double seconds) {
  if (!options.json) {
    PrintText(options, import, seconds);
    return;
  }
  const OptoutCounts& counts = import.counts;
  const std::string& rejects = import.rejects.path();
  std::cout << nlohmann::ordered_json{{"run", import.run},
                                      {"dry_run", options.dry_run},
                                      {"format", FormatJson(import.list)},
                                      {"lines", counts.values() + import.rejects.count()},
                                      {"people", counts.people},
                                      {"matched", counts.matched},
                                      {"kept", counts.kept},
                                      {"already", counts.already},
                                      {"newer", counts.newer},
                                      {"rejected", import.rejects.count()},
                                      {"reasons", ReasonsJson(import.rejects)},
                                      {"rejects", rejects.empty()
                                                      ? nlohmann::ordered_json()
                                                      : nlohmann::ordered_json(rejects)},
                                      {"seconds", std::round(seconds * 1000) / 1000}}
                   .dump()
            << std::endl;
}

}  // namespace gdpr::batch
