// SPDX-License-Identifier: PostgreSQL
#include "batch/report/attention.hpp"

#include <algorithm>

#include "batch/output/progress.hpp"

namespace gdpr::batch {
namespace {

constexpr std::int64_t kDay = 24 * 60 * 60;

using Level = Attention::Level;

/// "1 person has", "12 people have"
std::string Count(std::int64_t count, const char* one, const char* many) {
  return FormatCount(count) + " " + (count == 1 ? one : many);
}

/// The most frequent reasons: "unpaid invoice (10), open case (2)"
std::string Reasons(const Rows& held, const std::string& state) {
  std::string text;
  int named = 0;
  for (std::size_t row = 0; row < held.size() && named < 3; ++row) {
    if (held.Text(row, "state") != state) continue;
    text += (named++ == 0 ? "" : ", ") + held.Text(row, "reason") + " (" +
            FormatCount(held.Int(row, "people")) + ")";
  }
  return text;
}

std::int64_t SumWhere(const Rows& rows, const char* name, const std::string& value,
                      const char* sum) {
  std::int64_t total = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.Text(row, name) == value) total += rows.Int(row, sum);
  }
  return total;
}

std::int64_t CountWhere(const Rows& rows, const char* name, const std::string& value) {
  std::int64_t count = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.Text(row, name) == value) ++count;
  }
  return count;
}

void Leaving(const ReportData& data, std::vector<Attention>& found) {
  const Rows& queue = SectionOf(data, "queue");
  const Rows& held = SectionOf(data, "held");
  if (const std::int64_t overdue = queue.Sum("overdue"); overdue > 0) {
    found.push_back({Level::kNow,
                     Count(overdue, "person has", "people have") +
                         " been waiting for their erasure for more than a month.",
                     "Article 12(3) GDPR allows one month. See \u201cLeaving\u201d for what holds "
                     "them back."});
  }
  if (const std::int64_t failed = SumWhere(held, "state", "failed", "people"); failed > 0) {
    found.push_back({Level::kNow,
                     "The erasure of " + Count(failed, "person", "people") +
                         " failed: " + Reasons(held, "failed") + ".",
                     "gdpr-batch status --people says who; the next run tries again."});
  }
  if (const std::int64_t back = SumWhere(held, "state", "held", "people"); back > 0) {
    found.push_back({Level::kLook,
                     Count(back, "person is", "people are") +
                         " held back from erasure: " + Reasons(held, "held") + ".",
                     "They leave with the next run once the reason is gone."});
  }
  if (const std::int64_t due = queue.Sum("due") - queue.Sum("overdue");
      due > 0 && SumWhere(queue, "state", "due", "due") > 0) {
    found.push_back({Level::kLook,
                     Count(SumWhere(queue, "state", "due", "due"), "person is", "people are") +
                         " due for erasure and waiting for the next run.",
                     "gdpr-batch nightly does it."});
  }
}

void Proof(const ReportData& data, std::vector<Attention>& found) {
  const Rows& audit = SectionOf(data, "audit");
  if (audit.empty() || audit.Int(0, "audited_tables") == 0) return;
  if (!audit.Text(0, "trouble").empty()) {
    found.push_back({Level::kNow,
                     "The audit log is not as it was sealed: " + audit.Text(0, "trouble") + ".",
                     "gdpr-batch verify --audit names the first event that is wrong."});
  }
  if (audit.Text(0, "key") == "f") {
    found.push_back(
        {Level::kNow, "There is no key: nothing seals the audit log.", "SELECT gdpr.create_key()"});
  } else if (audit.Int(0, "unsealed_seconds") > kDay) {
    found.push_back({Level::kLook,
                     Count(audit.Int(0, "unsealed"), "change has", "changes have") +
                         " no seal yet, the oldest for " + audit.Text(0, "unsealed_age") + ".",
                     "gdpr-batch nightly seals."});
  }
}

void Open(const ReportData& data, std::vector<Attention>& found) {
  const Rows& findings = SectionOf(data, "findings");
  const Rows& unclassified = SectionOf(data, "unclassified");
  if (const std::int64_t errors = CountWhere(findings, "severity", "error"); errors > 0) {
    found.push_back({Level::kNow,
                     Count(errors, "fault lets", "faults let") +
                         " data past the policies or keep them from working.",
                     "See \u201cOpen\u201d: each has its remedy."});
  }
  if (const std::int64_t warnings = CountWhere(findings, "severity", "warning"); warnings > 0) {
    found.push_back({Level::kLook, Count(warnings, "warning", "warnings") + " of gdpr.doctor().",
                     "See \u201cOpen\u201d."});
  }
  if (const std::int64_t columns = unclassified.Sum("columns"); columns > 0) {
    found.push_back({Level::kLook,
                     Count(columns, "column of people\u2019s tables is",
                           "columns of people\u2019s tables are") +
                         " not classified: an erasure stops at them.",
                     "SELECT * FROM gdpr.unclassified(subject_type) suggests statements."});
  }
}

void Consent(const ReportData& data, std::vector<Attention>& found) {
  if (const std::int64_t lapsed = SectionOf(data, "consent").Sum("lapsed"); lapsed > 0) {
    found.push_back({Level::kLook,
                     Count(lapsed, "acceptance has", "acceptances have") +
                         " lapsed; the people must be asked again.",
                     "gdpr-batch reconsent asks them."});
  }
  const Rows& runs = SectionOf(data, "runs");
  if (const std::int64_t stopped = CountWhere(runs, "state", "interrupted"); stopped > 0) {
    found.push_back({Level::kLook,
                     Count(stopped, "run was", "runs were") + " interrupted and can go on.",
                     "gdpr-batch status names the command."});
  }
}

}  // namespace

const Rows& SectionOf(const ReportData& data, const std::string& name) {
  static const Rows kNone;
  const auto found = data.find(name);
  return found == data.end() ? kNone : found->second;
}

std::vector<Attention> FindAttention(const ReportData& data) {
  std::vector<Attention> found;
  Leaving(data, found);
  Proof(data, found);
  Open(data, found);
  Consent(data, found);
  std::ranges::stable_sort(found, {}, &Attention::level);
  return found;
}

std::string Headline(const std::vector<Attention>& attention) {
  const auto now = std::ranges::count(attention, Level::kNow, &Attention::level);
  const auto look = static_cast<std::int64_t>(attention.size()) - now;
  if (now > 0) {
    return Count(now, "matter needs", "matters need") + " an answer now" +
           (look > 0 ? ", and " + FormatCount(look) + " more " + (look == 1 ? "is" : "are") +
                           " worth a look."
                     : ".");
  }
  if (look > 0) return "In order, with " + Count(look, "point", "points") + " to look at.";
  return "In order. Nothing needs you today.";
}

}  // namespace gdpr::batch
