// SPDX-License-Identifier: PostgreSQL
#include "batch/run/bisect.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace gdpr::batch {
namespace {

SqlError Error(const std::string& sqlstate, bool lost = false) {
  SqlError::Fields fields;
  fields.sqlstate = sqlstate;
  fields.message = "secret@example.org";
  fields.connection_lost = lost;
  return SqlError(fields);
}

/// A transaction with savepoints in memory: what is done, who failed, who is bad and how often.
class FakeSteps : public SliceSteps {
 public:
  std::map<int, std::string> bad;  ///< SQLSTATE by person
  std::map<int, int> bad_for;      ///< that many tries only
  std::set<int> done;
  std::map<int, std::string> failed;
  int work_calls = 0, depth = 0;
  bool lose_connection = false;

  void Savepoint() override {
    ++depth;
    saved_.push_back(done);
  }
  void RollbackToSavepoint() override {
    done = saved_.back();
    ReleaseSavepoint();
  }
  void ReleaseSavepoint() override {
    --depth;
    saved_.pop_back();
  }
  void Work(int first, int last) override {
    ++work_calls;
    if (lose_connection) throw Error("08006", true);
    for (int person = first; person <= last; ++person) {
      EXPECT_TRUE(done.insert(person).second) << "done twice: " << person;
      const auto found = bad.find(person);
      if (found == bad.end()) continue;
      const auto tries = bad_for.find(person);
      if (tries != bad_for.end() && tries->second-- <= 0) continue;
      throw Error(found->second);
    }
  }
  void Fail(int person, const SqlError& error) override { failed[person] = error.sqlstate(); }

 private:
  std::vector<std::set<int>> saved_;
};

TEST(BatchBisect, AGoodChunkIsOneCall) {
  FakeSteps steps;
  EXPECT_EQ(WorkIsolating(steps, 1, 1000, false), 0);
  EXPECT_EQ(steps.work_calls, 1);
  EXPECT_EQ(steps.done.size(), 1000U);
  EXPECT_EQ(steps.depth, 0);
}

TEST(BatchBisect, OneBadPersonIsFoundAndTheOthersGo) {
  for (const int person : {1, 2, 500, 501, 999, 1000}) {
    FakeSteps steps;
    steps.bad[person] = "P0001";
    EXPECT_EQ(WorkIsolating(steps, 1, 1000, false), 1);
    EXPECT_EQ(steps.failed, (std::map<int, std::string>{{person, "P0001"}}));
    EXPECT_EQ(steps.done.size(), 999U);
    EXPECT_FALSE(steps.done.contains(person));
    EXPECT_LE(steps.work_calls, 2 * 10 + 1);
    EXPECT_EQ(steps.depth, 0);
  }
}

TEST(BatchBisect, EveryBadPersonIsFound) {
  FakeSteps steps;
  for (int person = 3; person <= 100; person += 7) steps.bad[person] = "23514";
  EXPECT_EQ(WorkIsolating(steps, 1, 100, false), static_cast<int>(steps.bad.size()));
  EXPECT_EQ(steps.failed.size(), steps.bad.size());
  EXPECT_EQ(steps.done.size(), 100U - steps.bad.size());
}

TEST(BatchBisect, AUniqueViolationIsTriedThreeTimesAlone) {
  FakeSteps steps;
  steps.bad[1] = "23505";
  EXPECT_EQ(WorkIsolating(steps, 1, 1, false), 1);
  EXPECT_EQ(steps.work_calls, kTriesPerPerson);
  EXPECT_EQ(steps.failed[1], "23505");
}

TEST(BatchBisect, AFreshSurrogateMayHelp) {
  FakeSteps steps;
  steps.bad[1] = "23505";
  steps.bad_for[1] = 2;
  EXPECT_EQ(WorkIsolating(steps, 1, 1, false), 0);
  EXPECT_TRUE(steps.failed.empty());
}

TEST(BatchBisect, LocksBlameNobodyUntilPatienceIsOver) {
  FakeSteps steps;
  steps.bad[4] = "55P03";
  EXPECT_THROW(WorkIsolating(steps, 1, 8, false), SqlError);
  FakeSteps patient;
  patient.bad[4] = "55P03";
  EXPECT_EQ(WorkIsolating(patient, 1, 8, true), 1);
  EXPECT_EQ(patient.failed[4], "55P03");
  EXPECT_EQ(patient.done.size(), 7U);
}

TEST(BatchBisect, ALostConnectionBlamesNobody) {
  FakeSteps steps;
  steps.lose_connection = true;
  EXPECT_THROW(WorkIsolating(steps, 1, 8, true), SqlError);
  EXPECT_EQ(steps.work_calls, 1);
  EXPECT_TRUE(steps.failed.empty());
}

TEST(BatchBisect, AnErrorOfTheSchemaBlamesNobody) {
  FakeSteps steps;
  steps.bad[1] = "42501";
  EXPECT_THROW(WorkIsolating(steps, 1, 8, true), SqlError);
}

TEST(BatchSqlError, NeverQuotesTheServersMessage) {
  SqlError::Fields fields;
  fields.sqlstate = "23505";
  fields.message = "duplicate key … secret@example.org";
  fields.detail = "Key (email)=(secret@example.org) already exists.";
  fields.constraint = "contact_email_key";
  fields.schema = "crm";
  fields.table = "contact";
  EXPECT_STREQ(SqlError(fields).what(),
               "unique_violation of constraint \"contact_email_key\" of table \"crm.contact\"");
  fields = {};
  fields.sqlstate = "P0001";
  fields.message = "secret@example.org may not leave";
  EXPECT_STREQ(SqlError(fields).what(), "raise_exception");
}

TEST(BatchSqlError, WhatUsersCodeRaisesIsOnlyACondition) {
  SqlError::Fields fields;
  fields.source_file = "pl_exec.c";
  fields.context = "PL/pgSQL function crm.tell(text,gdpr.x) line 3 at RAISE\nSQL statement …";
  fields.sqlstate = "23505";
  fields.message = fields.constraint = fields.table = fields.column = "secret@example.org";
  EXPECT_STREQ(SqlError(fields).what(), "unique_violation");
  fields.sqlstate = "PD001";
  EXPECT_STREQ(SqlError(fields).what(), "PD001");
  for (const char* context : {"", "PL/pgSQL function crm.tell() line 3 at RAISE\nPL/pgSQL function gdpr.mask(text) …",
                              "PL/pgSQL function \"a gdpr.b\"() line 3 at RAISE"}) {
    fields.context = context;
    EXPECT_STREQ(SqlError(fields).what(), "PD001") << context;
  }
  fields.context = "PL/pgSQL function gdpr_internal.erase(text,text[]) line 3 at RAISE";
  fields.message = "subject is frozen";
  EXPECT_STREQ(SqlError(fields).what(), "subject is frozen");
  fields.source_file = "freeze.cpp";
  fields.context = "PL/pgSQL function crm.tell() line 3 at SQL statement";
  EXPECT_STREQ(SqlError(fields).what(), "subject is frozen");
}

}  // namespace
}  // namespace gdpr::batch
