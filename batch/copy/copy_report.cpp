// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_report.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "batch/output/printable.hpp"
#include "batch/output/progress.hpp"
#include "batch/output/table.hpp"

namespace gdpr::batch {
namespace {

using Json = nlohmann::ordered_json;

std::string NameOf(const CopyTable& table) {
  return table.schema + "." + table.name;
}

std::int64_t Treated(const CopyTable& table) {
  return std::ranges::count_if(table.columns, [](const CopyColumn& column) {
    return column.to_null || !column.rule.empty();
  });
}

/// Names of a source without an encoding may be no UTF-8, and JSON knows nothing else.
void PrintJson(const Json& json) {
  std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

std::string_view HowOf(FakeRoom::How how) {
  switch (how) {
    case FakeRoom::How::kPermutation:
      return "permutation";
    case FakeRoom::How::kBits:
      return "digest";
    case FakeRoom::How::kTooSmall:
      return "too small";
    default:
      return "not unique";
  }
}

void PrintList(const std::string& title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  std::cout << "\n" << title << "\n";
  for (const std::string& line : lines) std::cout << "  " << Printable(line) << "\n";
}

std::vector<std::string> Unfinished(const CopyPlan& plan, const CopyOutcome& outcome) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < outcome.tables.size(); ++i) {
    const CopiedTable& table = outcome.tables[i];
    if (!table.failure.empty()) {
      lines.push_back(NameOf(plan.tables[i]) + ": " + table.failure);
    } else if (table.parts_left > 0) {
      lines.push_back(NameOf(plan.tables[i]) + ": not copied yet");
    }
  }
  return lines;
}

std::string_view StateOf(const CopyOutcome& outcome) {
  if (outcome.finished) return "done";
  return outcome.stopped ? "stopped" : "unfinished";
}

void PrintCopyJson(const CopyPlan& plan, const CopyOutcome& outcome, const Options& options) {
  Json tables = Json::array();
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < outcome.tables.size(); ++i) {
    const CopiedTable& table = outcome.tables[i];
    const bool whole = table.parts_left == 0 && table.failure.empty();
    if (whole) rows += table.rows;
    Json json = {{"table", NameOf(plan.tables[i])},
                 {"whole", whole},
                 {"rows", table.rows},
                 {"treated_columns", Treated(plan.tables[i])}};
    if (table.earlier) json["earlier"] = true;
    if (!table.failure.empty()) json["failure"] = table.failure;
    tables.push_back(std::move(json));
  }
  const Json json = {{"state", StateOf(outcome)},
                     {"target", outcome.target},
                     {"profile", ProfileName(options.copy.profile)},
                     {"rows", rows},
                     {"tables", tables},
                     {"missing", outcome.missing},
                     {"left_out", plan.references},
                     {"not_copied", plan.not_copied},
                     {"seconds", std::round(outcome.seconds * 1000) / 1000}};
  PrintJson(json);
}

void PrintCopyText(const CopyPlan& plan, const CopyOutcome& outcome, const Options& options) {
  TextTable text{{{"table"}, {"rows", true}, {"treated columns", true}}, {}};
  std::int64_t rows = 0, whole = 0;
  for (std::size_t i = 0; i < outcome.tables.size(); ++i) {
    const CopiedTable& table = outcome.tables[i];
    if (table.parts_left > 0 || !table.failure.empty()) continue;
    rows += table.rows;
    ++whole;
    text.rows.push_back(
        {NameOf(plan.tables[i]), FormatCount(table.rows), FormatCount(Treated(plan.tables[i]))});
  }
  PrintTable(std::cout, text);
  PrintList("Not there:", Unfinished(plan, outcome));
  PrintList("Could not be made:", outcome.missing);
  PrintList("Left out, since what they refer to is not copied:", plan.references);
  PrintList("Not copied:", plan.not_copied);
  std::cout << "\nCopy into " << Printable(outcome.target) << ", profile "
            << ProfileName(options.copy.profile) << ", is " << StateOf(outcome) << ": "
            << FormatCount(whole) << " of "
            << FormatCount(static_cast<std::int64_t>(plan.tables.size())) << " tables, "
            << FormatCount(rows) << " rows, in " << FormatSeconds(outcome.seconds)
            << (outcome.finished ? ".\n" : "; --resume goes on.\n");
}

Json PlanJson(const CopyPlan& plan) {
  Json tables = Json::array();
  for (const CopyTable& table : plan.tables) {
    Json columns = Json::array();
    for (const CopyColumn& column : table.columns) {
      if (column.to_null) {
        columns.push_back({{"column", column.name}, {"rule", "null"}});
      } else if (!column.rule.empty()) {
        columns.push_back({{"column", column.name}, {"rule", column.rule}});
      }
    }
    tables.push_back({{"table", NameOf(table)},
                      {"rows_estimate", table.rows_estimate},
                      {"bytes", table.pages * 8192},
                      {"treated", columns}});
  }
  return tables;
}

Json BoundsJson(const CopyPlan& plan) {
  Json bounds = Json::array();
  for (const UniqueBound& bound : plan.bounds) {
    bounds.push_back({{"table", bound.table},
                      {"column", bound.column},
                      {"how", HowOf(bound.room.how)},
                      {"bits", bound.room.bits},
                      {"collision", bound.collision}});
  }
  return bounds;
}

std::string BoundText(const UniqueBound& bound) {
  std::string text = bound.table + "." + bound.column + ": ";
  if (bound.room.how == FakeRoom::How::kPermutation) return text + "never (a permutation)";
  char number[32];
  std::snprintf(number, sizeof number, "%.1g", bound.collision);
  return text + "at most " + number + " (" + std::string(HowOf(bound.room.how)) + ")";
}

}  // namespace

void ReportCopy(const CopyPlan& plan, const CopyOutcome& outcome, const Options& options) {
  options.json ? PrintCopyJson(plan, outcome, options) : PrintCopyText(plan, outcome, options);
}

void ReportCopyPlan(const CopyPlan& plan, const std::string& target, const std::string& occupied,
                    const Options& options) {
  if (options.json) {
    const Json json = {{"dry_run", true},
                       {"target", target},
                       {"occupied", occupied.empty() ? Json(nullptr) : Json(occupied)},
                       {"profile", ProfileName(options.copy.profile)},
                       {"tables", PlanJson(plan)},
                       {"unique", BoundsJson(plan)},
                       {"left_out", plan.references},
                       {"not_copied", plan.not_copied}};
    PrintJson(json);
    return;
  }
  TextTable text{{{"table"}, {"rows (about)", true}, {"MB", true}, {"treated columns", true}}, {}};
  for (const CopyTable& table : plan.tables) {
    text.rows.push_back({NameOf(table), FormatCount(table.rows_estimate),
                         FormatCount(table.pages / 128), FormatCount(Treated(table))});
  }
  PrintTable(std::cout, text);
  std::vector<std::string> bounds;
  for (const UniqueBound& bound : plan.bounds) bounds.push_back(BoundText(bound));
  PrintList("Two values of a unique column become one:", bounds);
  PrintList("Left out, since what they refer to is not copied:", plan.references);
  PrintList("Not copied:", plan.not_copied);
  std::cout << "\nA copy into " << Printable(target) << " would have "
            << FormatCount(static_cast<std::int64_t>(plan.tables.size())) << " tables with about "
            << FormatCount(plan.RowsEstimate()) << " rows. Nothing was changed.\n";
  if (!occupied.empty()) std::cout << "It would be refused: " << Printable(occupied) << ".\n";
}

}  // namespace gdpr::batch
