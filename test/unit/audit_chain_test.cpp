// SPDX-License-Identifier: PostgreSQL
#include "core/audit_chain.hpp"

#include <gtest/gtest.h>

#include "audit_log.hpp"

namespace gdpr::audit {
namespace {

TEST(AuditChain, SoundLogsAreSound) {
  LeafMaker maker;
  int events = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    const Log log = MakeLog(maker, random);
    const std::vector<Verdict> verdicts = Verify(log);
    ASSERT_EQ(FirstBad(verdicts), "") << "seed " << seed;
    ASSERT_EQ(verdicts.size(), log.seals.size());
    for (const SealRow& seal : log.seals) events += seal.seal.events;
  }
  EXPECT_GT(events, 2000 * 30);
}

std::string AnchorsOf(const Log& log, const std::string& database = "shop") {
  std::string lines = "5 torn li\n";
  for (const SealRow& row : log.seals) {
    lines += std::to_string(row.seal.seal) + " 2026-11-22T03:27:00.123456Z 77 " + database +
             " instance " + HexOf(AsText(row.digest)) + "\n";
    lines += std::to_string(row.seal.seal) + " 2026-11-22T03:27:00Z 77 ab another " +
             HexOf(std::string(32, 'x')) + "\n";
  }
  return lines;
}

TEST(AuditChain, RewritingAndResealingEverythingIsFoundAgainstTheAnchor) {
  LeafMaker maker;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    Log log = MakeLog(maker, random);
    const std::string anchors = AnchorsOf(log);
    EXPECT_EQ(FirstBad(Verify(log, anchors)), "");
    std::vector<SealRow> old = std::exchange(log.seals, {});
    log.statements[6].session_role = "somebody else";
    for (const SealRow& row : old) {
      Seal(log, maker, Signer(), row.seal.system_id, row.seal.events);
    }
    EXPECT_EQ(FirstBad(Verify(log)), "");  // nothing within the database tells
    EXPECT_NE(FirstBad(Verify(log, anchors)).find("differs from its anchor"), std::string::npos);
  }
}

TEST(AuditChain, SealsThatAreGoneFromTheEndAreMissedByTheAnchor) {
  LeafMaker maker;
  Random random(1);
  Log log = MakeLog(maker, random);
  const std::string anchors = AnchorsOf(log);
  log.seals.resize(log.seals.size() - 2);
  EXPECT_EQ(FirstBad(Verify(log)), "");
  EXPECT_EQ(FirstBad(Verify(log, anchors)), "seals 6 to 7 are anchored and gone");
}

TEST(AuditChain, AnchorsAreThoseOfTheDatabaseOrOfItsFormerName) {
  LeafMaker maker;
  Random random(1);
  const Log log = MakeLog(maker, random);
  Log copy = log;
  copy.seals.resize(5);
  const std::size_t before = copy.statements.size();
  AddStatements(copy, random, 70, 80);
  ASSERT_GT(copy.statements.size(), before);
  Seal(copy, maker, Signer(), kServer, 5);
  const std::string both = AnchorsOf(log) + AnchorsOf(copy, "copy");
  std::optional<AuditChain::History> other;
  EXPECT_EQ(FirstBad(Verify(log, both, "", &other)), "");  // what became of the copy is no matter
  ASSERT_TRUE(other);  // but it is said: who rewrites a log and renames its database looks the same
  EXPECT_EQ(other->database + " " + std::to_string(other->from_seal), "copy 6");
  EXPECT_EQ(FirstBad(Verify(log, AnchorsOf(log), "", &other)), "");
  EXPECT_FALSE(other);
  // A copy of a copy has no lines of its own, and those of both
  EXPECT_EQ(FirstBad(Verify(log, AnchorsOf(log, "one") + AnchorsOf(copy, "two"), "", &other)), "");
  EXPECT_TRUE(other);
  EXPECT_EQ(FirstBad(Verify(log, AnchorsOf(log, "former"))), "");
  EXPECT_EQ(FirstBad(Verify(copy, AnchorsOf(log, "former"))), "seal 6: differs from its anchor");
  Log started = log;
  started.seals.resize(6);  // a copy of the copy, beside which the first one went on
  const std::string two = AnchorsOf(started, "former") + AnchorsOf(copy, "second");
  EXPECT_EQ(FirstBad(Verify(copy, two)), "");
  std::string syslog = AnchorsOf(copy);
  syslog = "Nov 22 03:27:00 db postgres[7]: pg_gdpr seal " + syslog.substr(syslog.find("6 2026"));
  EXPECT_EQ(FirstBad(Verify(log, syslog)), "seal 6: differs from its anchor");
}

TEST(AuditChain, AnotherKeyThanTheTrustedOneIsNone) {
  LeafMaker maker;
  Random random(1);
  const Log log = MakeLog(maker, random);
  EXPECT_EQ(FirstBad(Verify(log, "", log.keys[0].second)), "");
  EXPECT_EQ(FirstBad(Verify(log, "", random.Bytes(32))), "seal 1: is not signed by the key");
}

// Drops the events of the first seal, and some of the next, as the end of their retention does.
void Drop(Log& log, LeafMaker& maker) {
  SealRow& whole = log.seals[0];
  SealRow& part = log.seals[1];
  whole.leaves = std::nullopt;
  part.dropped = {{0, 3}};
  std::erase_if(log.statements, [](const auto& s) { return s.system_id == kFormerServer; });
  int left = 3;
  for (StatementRow& statement : log.statements) {
    while (left > 0 && !statement.rows.empty()) {
      statement.rows.erase(statement.rows.begin());
      --left;
    }
  }
  std::erase_if(log.statements, [](const auto& s) { return s.rows.empty(); });
  DroppedDigest dropped;
  dropped.Whole(1);
  dropped.Range(2, 0, 3);
  SealRow row;
  row.seal = log.seals.back().seal;
  row.seal.seal += 1;
  row.seal.kind = 'D';
  row.seal.previous = log.seals.back().digest;
  row.seal.events = 0;
  row.seal.upto_xid = std::nullopt;
  row.seal.root = dropped.Finish();
  row.seal.dropped_before = 1004;
  row.has_leaves = false;
  row.digest = SealDigest(maker.Hasher(), row.seal);
  const Signature signature = Signer().Sign(row.digest);
  row.signature.assign(signature.begin(), signature.end());
  log.seals.push_back(std::move(row));
}

TEST(AuditChain, WhatASealSaysWasDroppedMayBeMissingAndNothingElse) {
  LeafMaker maker;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    Log log = MakeLog(maker, random);
    Drop(log, maker);
    ASSERT_EQ(FirstBad(Verify(log)), "") << seed;
    Log other = log;
    other.seals.pop_back();
    EXPECT_NE(FirstBad(Verify(other)).find("no seal says that they were dropped"),
              std::string::npos);
    other = log;
    other.seals[2].leaves = std::nullopt;
    EXPECT_NE(FirstBad(Verify(other)), "");
    other = log;
    other.seals[1].dropped = {{0, 4}};
    EXPECT_NE(FirstBad(Verify(other)), "");
    other = log;
    other.statements.erase(other.statements.begin());
    EXPECT_NE(FirstBad(Verify(other)), "");
  }
}

TEST(AuditChain, EventsThatAreNotSealedMustBeWhole) {
  LeafMaker maker;
  Random random(1);
  Log log = MakeLog(maker, random);
  ASSERT_EQ(log.statements.back().statement, 1053);
  log.statements.back().changes = 3;
  log.statements.back().rows = {RandomChange(random, 1), RandomChange(random, 2)};
  EXPECT_EQ(FirstBad(Verify(log)), "an event after 1053:2 is missing");
  log.statements.back().rows = {RandomChange(random, 1), RandomChange(random, 3)};
  EXPECT_EQ(FirstBad(Verify(log)), "an event before 1053:3 is missing");
}

}  // namespace
}  // namespace gdpr::audit
