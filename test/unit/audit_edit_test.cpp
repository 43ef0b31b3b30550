// SPDX-License-Identifier: PostgreSQL
// One edit of a sealed log, of any kind and anywhere, is found and named.
#include "core/audit_chain.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "audit_log.hpp"

namespace gdpr::audit {
namespace {

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

}  // namespace
}  // namespace gdpr::audit
