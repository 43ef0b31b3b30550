// SPDX-License-Identifier: PostgreSQL
// The report: what needs somebody comes first, an attacker's names are text, empty sections say so.
#include <gtest/gtest.h>

#include "batch/report/attention.hpp"
#include "batch/report/report_html.hpp"

namespace gdpr::batch {
namespace {

Rows Make(std::vector<std::string> names,
          std::vector<std::vector<std::optional<std::string>>> rows) {
  return {std::move(names), std::move(rows)};
}

ReportData Quiet() {
  ReportData data;
  data["head"] = Make({"database", "at", "day", "zone", "role", "version", "server", "subject_type",
                       "days", "since"},
                      {{"crm", "22 November 2026, 11:00", "2026-11-22", "UTC", "night", "0.1.0",
                        "15.14", std::nullopt, "90", "24 August 2026"}});
  data["people"] = Make({"subject_type", "people"}, {{"contact", "1000"}});
  return data;
}

TEST(BatchReport, WhereNothingIsAmissNothingNeedsYou) {
  EXPECT_TRUE(FindAttention(Quiet()).empty());
  EXPECT_TRUE(FindAttention({}).empty());
  EXPECT_EQ(Headline({}), "In order. Nothing needs you today.");
}

TEST(BatchReport, WhatIsUrgentComesFirst) {
  ReportData data = Quiet();
  data["unclassified"] = Make({"subject_type", "relation", "columns", "names"},
                              {{"contact", "crm.x", "3", "a, b, c"}});
  data["queue"] = Make({"state", "people", "due", "overdue"},
                       {{"held", "12", "12", "2"}, {"due", "5", "5", "0"}});
  data["held"] = Make({"state", "reason", "people"},
                      {{"held", "unpaid invoice", "10"}, {"failed", "lock_not_available", "1"}});
  data["findings"] = Make({"severity"}, {{"error"}, {"warning"}, {"info"}});
  const auto found = FindAttention(data);
  ASSERT_EQ(found.size(), 7u);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].level == Attention::Level::kNow, i < 3) << found[i].text;
  }
  EXPECT_EQ(found[0].text, "2 people have been waiting for their erasure for more than a month.");
  EXPECT_EQ(found[1].text, "The erasure of 1 person failed: lock_not_available (1).");
  EXPECT_EQ(found[3].text, "10 people are held back from erasure: unpaid invoice (10).");
  EXPECT_EQ(Headline(found), "3 matters need an answer now, and 4 more are worth a look.");
}

TEST(BatchReport, AnAuditLogThatWasEditedIsUrgent) {
  ReportData data = Quiet();
  data["audit"] = Make({"audited_tables", "key", "unsealed_seconds", "trouble"},
                       {{"3", "t", "0", "seal 7: event 12:1 is not as it was sealed"}});
  const auto found = FindAttention(data);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].level, Attention::Level::kNow);
  EXPECT_EQ(Headline(found), "1 matter needs an answer now.");
  data["audit"] = Make({"audited_tables", "key", "unsealed_seconds", "trouble"},
                       {{"0", "f", "0", std::nullopt}});
  EXPECT_TRUE(FindAttention(data).empty()) << "where nothing is audited nothing is missing";
}

TEST(BatchReport, AnEmptyDatabaseIsAPageToo) {
  for (const ReportData& data : {ReportData{}, Quiet()}) {
    const std::string page = ReportPage(data);
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
    EXPECT_TRUE(page.ends_with("</html>\n"));
    for (const char* empty :
         {"No decision was recorded yet.", "Nobody waits for an erasure.", "Nobody is held back.",
          "Nobody has opted out.", "No table is audited", "The doctor has found nothing."}) {
      EXPECT_NE(page.find(empty), std::string::npos) << empty;
    }
    EXPECT_EQ(page.find("nan"), std::string::npos);
  }
}

/// Every section with every column that a page or its plots read, filled with one text.
ReportData Everywhere(const std::string& text) {
  ReportData data;
  const std::vector<std::string> names = {
      "database",     "at",          "day",     "zone",      "role",         "version",
      "subject_type", "days",        "since",   "purpose",   "lawful_basis", "until",
      "month",        "state",       "reason",  "first_due", "applies_to",   "keep",
      "warn",         "grace",       "action",  "channel",   "kind",         "form",
      "planned_by",   "approved_by", "oldest",  "last_read", "sealed_at",    "verified_at",
      "trouble",      "relation",    "names",   "severity",  "object",       "finding",
      "hint",         "job",         "started", "took"};
  std::vector<std::optional<std::string>> row(names.size(), text);
  std::vector<std::string> all = names;
  for (const char* count :
       {"people", "accepted", "rejected", "withdrawn", "pending", "lapsed", "overdue", "due",
        "columns", "reads", "whole_tables", "audited_tables", "opted_out", "messages"}) {
    all.emplace_back(count);
    row.emplace_back("7");
  }
  for (const char* section : {"head", "people", "consent", "consent_history", "erasures", "queue",
                              "held", "retention", "opt_outs", "suppression", "campaigns", "outbox",
                              "reads", "readers", "audit", "unclassified", "findings", "runs"}) {
    data[section] = Make(all, {row, row});
  }
  return data;
}

TEST(BatchReport, NamesOfAnAttackerAreText) {
  const std::string attack =
      "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"' onload='x";
  ReportData data = Everywhere(attack);
  const std::string page = ReportPage(data);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("' onload='"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(1)&lt;/script&gt;"), std::string::npos);
}

TEST(BatchReport, ThePageNeedsNothingElse) {
  const std::string page = ReportPage(Everywhere("x"));
  for (const char* outside :
       {"http:", "https:", "<script", "<link", "@import", "url(", "javascript:"}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(BatchReport, ManyPurposesAreNotAllDrawn) {
  ReportData data = Quiet();
  Rows& history = data["consent_history"];
  history.names = {"subject_type", "purpose",   "until",  "accepted",
                   "rejected",     "withdrawn", "pending"};
  for (int purpose = 0; purpose < 20; ++purpose) {
    for (const char* day : {"2026-11-21", "2026-11-22"}) {
      history.rows.push_back(
          {"contact", "p" + std::to_string(purpose), day, std::to_string(purpose), "0", "0", "0"});
    }
  }
  const std::string page = ReportPage(data);
  EXPECT_NE(page.find("The 8 largest of 20 are drawn"), std::string::npos);
  EXPECT_NE(page.find("contact, p19"), std::string::npos);
  EXPECT_EQ(page.find("contact, p11<"), std::string::npos);
}

}  // namespace
}  // namespace gdpr::batch
