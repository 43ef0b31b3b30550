// SPDX-License-Identifier: PostgreSQL
#include "core/audit_chain.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "audit_fixture.hpp"

namespace gdpr::audit {
namespace {

constexpr std::int64_t kServer = 77;
constexpr std::int64_t kFormerServer = 12;

const SealSigner& Signer() {
  static const SealSigner signer(std::vector<std::uint8_t>(32, 9));
  return signer;
}

void AddConfiguration(Log& log, LeafMaker& maker, const std::string& body) {
  log.configurations.emplace_back(AsText(maker.ConfigurationDigest(body)), body);
}

// Statements `from` to `to`, of which the first few came with a restore from another server.
void AddStatements(Log& log, Random& random, int from, int to) {
  for (int i = from; i < to; ++i) {
    StatementRow row = RandomStatement(random, 1000 + i);
    if (i < 4) row.system_id = kFormerServer;
    if (random.Below(5) > 0) row.shape = *HashFrom(log.shape.digest);
    row.changes = random.Below(8) == 0 ? 12 : 1 + random.Below(3);
    for (int n = 1; n <= row.changes; ++n) row.rows.push_back(RandomChange(random, n));
    log.statements.push_back(std::move(row));
  }
}

// A person leaves: the values of some rows, and a user, with a tombstone.
void Leave(Log& log, LeafMaker& maker, Random& random) {
  StatementRow tombstone = RandomStatement(random, log.statements.back().statement + 1);
  tombstone.operation = 'E';
  tombstone.changes = 1;
  int changes = 0;
  int actors = 0;
  for (StatementRow& statement : log.statements) {
    if (statement.operation == 'E') continue;  // tombstones are not erased
    for (ChangeRow& row : statement.rows) {
      if (!row.seed || random.Below(6) > 0) continue;
      Erase(maker, row, {}, random.Below(2) == 0, random.Below(2) == 0);
      row.tombstone = tombstone.statement;
      ++changes;
    }
    if (statement.actor_digests || random.Below(9) > 0) continue;
    statement.actor_digests = *maker.ActorDigests(statement.View());
    statement.seed.reset();
    statement.app_user.reset();
    statement.client_address.reset();
    statement.tombstone = tombstone.statement;
    ++actors;
  }
  ChangeRow row;
  row.subject_type = "contact";
  row.subject_key = "gone";
  row.row_key = std::to_string(changes) + " " + std::to_string(actors);
  row.seed = random.Bytes(16);
  tombstone.rows.push_back(row);
  log.statements.push_back(std::move(tombstone));
}

/// Seven seals, two of them empty or foreign, two erasures, and some events that are not sealed.
Log MakeLog(LeafMaker& maker, Random& random) {
  Log log;
  const PublicKey& key = Signer().Public();
  log.keys.emplace_back(1, std::string(key.begin(), key.end()));
  log.shape.digest = log.shape.With(
      [&](const AuditShape& shape) { return std::string(AsText(maker.ShapeDigest(shape))); });
  AddConfiguration(log, maker, "audited crm.contact\n");
  AddStatements(log, random, 0, 15);
  Seal(log, maker, Signer(), kFormerServer, 100);
  Seal(log, maker, Signer(), kServer, 9);
  Leave(log, maker, random);
  Seal(log, maker, Signer(), kServer, 100);
  AddConfiguration(log, maker, "audited nothing\n");
  Seal(log, maker, Signer(), kServer, 0);
  AddStatements(log, random, 30, 36);
  Seal(log, maker, Signer(), kServer, 7);
  Leave(log, maker, random);
  Seal(log, maker, Signer(), kServer, 1);
  Seal(log, maker, Signer(), kServer, 8);
  AddStatements(log, random, 50, 54);
  return log;
}

std::string FirstBad(const std::vector<Verdict>& verdicts) {
  for (const Verdict& verdict : verdicts) {
    if (verdict.IsOk()) continue;
    return (verdict.seal ? "seal " + std::to_string(*verdict.seal) + ": " : "") + verdict.status;
  }
  return "";
}

/// A sealed event, and its neighbours in sealed order ("" beyond the ends of its server's).
struct Place {
  std::size_t statement = 0;
  std::size_t row = 0;
  std::string name, before, after;
};

std::vector<Place> SealedPlaces(const Log& log) {
  std::map<std::int64_t, Position> upto;
  for (const SealRow& s : log.seals) {
    if (!s.seal.upto_xid) continue;
    upto[s.seal.system_id] = {s.seal.system_id, *s.seal.upto_xid, *s.seal.upto_statement,
                              *s.seal.upto_n};
  }
  std::vector<Place> places;
  for (std::size_t i = 0; i < log.statements.size(); ++i) {
    const StatementRow& statement = log.statements[i];
    for (std::size_t k = 0; k < statement.rows.size(); ++k) {
      const std::int32_t n = statement.rows[k].n;
      if (PositionOf(statement, n) > upto[statement.system_id]) continue;
      places.push_back({i, k, EventName(statement.statement, n), "", ""});
    }
  }
  for (std::size_t i = 1; i < places.size(); ++i) {
    places[i].before = places[i - 1].name;
    places[i - 1].after = places[i].name;
  }
  return places;
}

using Names = std::vector<std::string>;
/// Changes one thing; returns what the first finding may name (events, or other words of it). An
/// empty list: there was nothing to change.
using Edit = std::function<Names(Random&, Log&, const Place&)>;

StatementRow& At(Log& log, const Place& place) {
  return log.statements[place.statement];
}
ChangeRow& RowAt(Log& log, const Place& place) {
  return log.statements[place.statement].rows[place.row];
}
std::string Event(const std::string& name) {
  return "event " + name + " ";
}
// Of an edit of the statement the first event of it is named.
Names OfStatement(const Log& log, const Place& place) {
  return {Event(EventName(log.statements[place.statement].statement, 1))};
}
Names Near(const Place& place) {
  return {Event(place.name), "before " + place.after + " ", "after " + place.before + " "};
}
void Flip(Random& random, std::string& bytes) {
  const auto at = static_cast<std::size_t>(random.Below(static_cast<int>(bytes.size())));
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
}

template <class Change>
Edit RowEdit(Change change) {
  return [change](Random& random, Log& log, const Place& place) {
    return change(random, RowAt(log, place)) ? Names{Event(place.name)} : Names{};
  };
}
template <class Change>
Edit StatementEdit(Change change) {
  return [change](Random& random, Log& log, const Place& place) {
    change(random, At(log, place));
    return OfStatement(log, place);
  };
}
template <class Change>
Edit SealEdit(Change change) {
  return [change](Random& random, Log& log, const Place&) {
    SealRow& seal =
        log.seals[static_cast<std::size_t>(random.Below(static_cast<int>(log.seals.size())))];
    const std::string name = "seal " + std::to_string(seal.seal.seal) + ": ";
    change(random, seal);
    return Names{name};
  };
}

std::map<std::string, Edit> RowEdits() {
  return {
      {"body", RowEdit([](Random& r, ChangeRow& c) { return Flip(r, c.body), true; })},
      {"seed", RowEdit([](Random& r, ChangeRow& c) {
         // No salt of an empty body but the key's comes from it
         return c.seed && c.subject_key ? (Flip(r, *c.seed), true) : false;
       })},
      {"subject key", RowEdit([](Random&, ChangeRow& c) {
         if (BodyReader(c.body).SubjectDigest() != "") return false;  // told by its digest alone
         return c.subject_key = *c.subject_key + "0", true;
       })},
      {"row key", RowEdit([](Random&, ChangeRow& c) {
         if (BodyReader(c.body).RowDigest() != "") return false;
         return c.row_key = c.row_key ? Text() : Text("1"), true;
       })},
      {"subject type", RowEdit([](Random&, ChangeRow& c) { return c.subject_type += "x", true; })},
      {"further subject", RowEdit([](Random&, ChangeRow& c) {
         if (c.subjects.empty()) return false;
         return c.subjects[0].subject_key += "x", true;
       })},
      {"a further subject less", RowEdit([](Random&, ChangeRow& c) {
         if (c.subjects.empty()) return false;
         return c.subjects.pop_back(), true;
       })},
      {"values erased without tombstone",
       [](Random&, Log& log, const Place& place) {
         LeafMaker maker;
         ChangeRow& row = RowAt(log, place);
         if (row.tombstone) return Names{};
         Erase(maker, row, {}, false, false);
         return Names{Event(place.name)};
       }},
      {"tombstone taken away", RowEdit([](Random&, ChangeRow& c) {
         return std::exchange(c.tombstone, std::nullopt).has_value();
       })},
      {"tombstone put up", RowEdit([](Random&, ChangeRow& c) {
         return c.tombstone ? false : (c.tombstone = 5, true);
       })},
      {"another tombstone", [](Random&, Log& log, const Place& place) {
         ChangeRow& row = RowAt(log, place);
         if (!row.tombstone) return Names{};
         *row.tombstone += 1;
         return Names{"tombstone"};
       }}};
}

std::map<std::string, Edit> StatementEdits() {
  return {{"at", StatementEdit([](Random&, StatementRow& s) { s.at += 1; })},
          {"operation", StatementEdit([](Random&, StatementRow& s) { s.operation = 'T'; })},
          {"anonymized", StatementEdit([](Random&, StatementRow& s) { s.anonymized ^= true; })},
          {"changes", StatementEdit([](Random&, StatementRow& s) { ++s.changes; })},
          {"session role", StatementEdit([](Random&, StatementRow& s) { s.session_role += "x"; })},
          {"acting role", StatementEdit([](Random&, StatementRow& s) { s.acting_role = ""; })},
          {"purpose", StatementEdit([](Random&, StatementRow& s) {
             s.purpose = s.purpose ? Text() : Text("");
           })},
          {"user", StatementEdit([](Random&, StatementRow& s) { s.app_user = "somebody"; })},
          {"address", StatementEdit([](Random&, StatementRow& s) { s.client_address = "::1"; })},
          {"shape", StatementEdit([](Random&, StatementRow& s) { s.shape = Hash{1}; })},
          {"actor erased without tombstone", [](Random&, Log& log, const Place& place) {
             LeafMaker maker;
             StatementRow& s = At(log, place);
             if (s.actor_digests) return Names{};
             s.actor_digests = *maker.ActorDigests(s.View());
             s.seed.reset();
             s.app_user.reset();
             s.client_address.reset();
             return OfStatement(log, place);
           }}};
}

std::map<std::string, Edit> OrderEdits() {
  const auto moved = [](auto change) {
    return [change](Random& random, Log& log, const Place& place) {
      change(random, At(log, place), RowAt(log, place));
      Names names = Near(place);
      const std::int64_t statement = At(log, place).statement;
      for (const ChangeRow& row : At(log, place).rows) {
        names.push_back(Event(EventName(statement, row.n)));
        names.push_back("before " + EventName(statement, row.n) + " ");
      }
      names.push_back("are missing");  // the seal had no others
      names.push_back("is missing");   // the first of the statement's events may be far before
      return names;
    };
  };
  return {
      {"transaction", moved([](Random& r, StatementRow& s, ChangeRow&) {
         s.xid += static_cast<std::uint64_t>(1 + r.Below(9));
       })},
      {"server", moved([](Random&, StatementRow& s, ChangeRow&) { s.system_id = 3; })},
      {"statement",
       moved([](Random& r, StatementRow& s, ChangeRow&) { s.statement += 100 + r.Below(9); })},
      {"n", moved([](Random&, StatementRow&, ChangeRow& c) { c.n += 100; })},
      {"event gone",
       [](Random&, Log& log, const Place& place) {
         auto& rows = At(log, place).rows;
         rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(place.row));
         return Names{"before " + place.after + " ", "after " + place.before + " ", "are missing"};
       }},
      {"statement gone",
       [](Random&, Log& log, const Place& place) {
         log.statements.erase(log.statements.begin() +
                              static_cast<std::ptrdiff_t>(place.statement));
         return Names{"missing"};
       }},
      {"event added", [](Random&, Log& log, const Place& place) {
         ChangeRow row = RowAt(log, place);
         row.n = At(log, place).rows.back().n + 1;
         At(log, place).rows.push_back(row);
         return Names{Event(EventName(At(log, place).statement, row.n))};
       }}};
}

std::map<std::string, Edit> SealEdits() {
  return {{"seal number",
           [](Random&, Log& log, const Place&) {
             log.seals[2].seal.seal = 9;
             return Names{"seal 9: "};
           }},
          {"kind", SealEdit([](Random&, SealRow& s) { s.seal.kind = 'D'; })},
          {"previous", SealEdit([](Random&, SealRow& s) { s.seal.previous[3] ^= 1U; })},
          {"sealed_at", SealEdit([](Random&, SealRow& s) { ++s.seal.sealed_at; })},
          {"seal's server", SealEdit([](Random&, SealRow& s) { ++s.seal.system_id; })},
          {"upto_xid", SealEdit([](Random&, SealRow& s) {
             s.seal.upto_xid = s.seal.upto_xid.value_or(0) + 1;
           })},
          {"upto_statement", SealEdit([](Random&, SealRow& s) {
             s.seal.upto_statement = s.seal.upto_statement.value_or(0) - 1;
           })},
          {"upto_n",
           SealEdit([](Random&, SealRow& s) { s.seal.upto_n = s.seal.upto_n.value_or(0) + 1; })},
          {"events",
           SealEdit([](Random& r, SealRow& s) { s.seal.events += r.Below(2) == 0 ? 1 : -99; })},
          {"root", SealEdit([](Random&, SealRow& s) { s.seal.root[31] ^= 128U; })},
          {"dropped_before", SealEdit([](Random&, SealRow& s) { s.seal.dropped_before = 4; })},
          {"configuration", SealEdit([](Random&, SealRow& s) { s.seal.configuration[0] ^= 1U; })},
          {"key", SealEdit([](Random&, SealRow& s) { s.seal.key_id = 2; })},
          {"digest", SealEdit([](Random&, SealRow& s) { s.digest[9] ^= 1U; })},
          {"signature", SealEdit([](Random& r, SealRow& s) { Flip(r, s.signature); })},
          {"no leaves", SealEdit([](Random&, SealRow& s) { s.has_leaves = false; })},
          {"configuration's text",
           [](Random&, Log& log, const Place&) {
             log.configurations[0].second += "x";
             return Names{"seal 1: its configuration was changed"};
           }},
          {"configuration gone",
           [](Random&, Log& log, const Place&) {
             log.configurations.pop_back();
             return Names{"seal 4: its configuration is missing"};
           }},
          {"public key",
           [](Random& r, Log& log, const Place&) {
             log.keys[0].second = r.Bytes(32);
             return Names{"seal 1: is not signed"};
           }},
          {"shape's column",
           [](Random&, Log& log, const Place&) {
             log.shape.names[1] = "mail";
             return Names{"the shape of event 10"};
           }},
          {"seal gone", [](Random& r, Log& log, const Place&) {
             const int at = r.Below(static_cast<int>(log.seals.size()) - 1);
             log.seals.erase(log.seals.begin() + at);
             return Names{"seal " + std::to_string(at + 2) + ": "};
           }}};
}

std::map<std::string, Edit> DigestEdits() {
  return {{"a digest",
           [](Random& random, Log& log, const Place&) {
             SealRow& seal = log.seals[static_cast<std::size_t>(random.Below(3))];
             const int at = random.Below(seal.seal.events);
             (*seal.leaves)[static_cast<std::size_t>(at) * 32 + 5] ^= 1;
             int place = -1;
             for (const Place& p : SealedPlaces(log)) {
               // Seal 1 is the former server's, whose events come first; 2 and 3 follow in order
               const bool former = At(log, p).system_id == kFormerServer;
               if (former != (seal.seal.seal == 1)) continue;
               ++place;
               const int first = seal.seal.seal == 3 ? log.seals[1].seal.events : 0;
               if (place == first + at)
                 return Names{"the digest of event " + p.name + " was changed"};
             }
             return Names{"no such event"};
           }},
          {"a digest less",
           [](Random& random, Log& log, const Place&) {
             SealRow& seal = log.seals[static_cast<std::size_t>(random.Below(3))];
             seal.leaves->resize(seal.leaves->size() - 32);
             return Names{"seal " + std::to_string(seal.seal.seal) + ": the digests of its events"};
           }},
          {"all digests", [](Random& random, Log& log, const Place&) {
             SealRow& seal = log.seals[static_cast<std::size_t>(random.Below(3))];
             seal.leaves = std::nullopt;  // as if they had been dropped
             return Names{"seal " + std::to_string(seal.seal.seal) + ": ", "events of seal"};
           }}};
}

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

TEST(AuditChain, EverySingleEditIsFoundAndTheFirstBadEventNamed) {
  LeafMaker maker;
  std::vector<std::pair<std::string, Edit>> edits;
  for (const auto& group :
       {RowEdits(), StatementEdits(), OrderEdits(), SealEdits(), DigestEdits()}) {
    edits.insert(edits.end(), group.begin(), group.end());
  }
  std::map<std::string, int> made;
  for (std::uint64_t seed = 0, count = 0; count < 2000; ++seed) {
    Random random(seed);
    Log log = MakeLog(maker, random);
    const std::vector<Place> places = SealedPlaces(log);
    const Place& place =
        places[static_cast<std::size_t>(random.Below(static_cast<int>(places.size())))];
    const auto& [what, edit] = edits[seed % edits.size()];
    const Names names = edit(random, log, place);
    if (names.empty()) continue;
    ++count;
    ++made[what];
    const std::string bad = FirstBad(Verify(log)) + " ";
    const bool named = std::ranges::any_of(
        names, [&](const std::string& name) { return bad.find(name) != std::string::npos; });
    EXPECT_TRUE(named) << "seed " << seed << ": " << what << " at " << place.name << ": " << bad;
  }
  EXPECT_EQ(made.size(), edits.size());  // each of them was tried
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
