// SPDX-License-Identifier: PostgreSQL
// An audit log in memory: rows that own their texts, random ones, sealed, erased, verified.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/audit_chain.hpp"

namespace gdpr::audit {

using Text = std::optional<std::string>;
using Position = std::tuple<std::int64_t, std::uint64_t, std::int64_t, std::int32_t>;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(engine_); }
  std::string Bytes(int size) {
    std::string bytes;
    while (size-- > 0) bytes.push_back(static_cast<char>(Below(256)));
    return bytes;
  }
  std::string Word() { return "w" + std::to_string(Below(1000)); }
  Text Maybe() { return Below(3) == 0 ? Text() : Text(Word()); }

 private:
  std::mt19937_64 engine_;
};

inline std::optional<std::string_view> ViewOf(const Text& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

struct SubjectRow {
  std::int16_t place = 0;
  std::string subject_type, subject_key;
  Text salt, digest;
};

struct ChangeRow {
  std::int32_t n = 1;
  std::string subject_type;
  Text subject_key, row_key, seed;
  std::string body{kEmptyBody};
  std::optional<std::int64_t> tombstone;
  std::vector<SubjectRow> subjects;

  AuditChange View() const {
    views_.clear();
    for (const SubjectRow& s : subjects) {
      views_.push_back({s.place, s.subject_type, s.subject_key, ViewOf(s.salt), ViewOf(s.digest)});
    }
    return {n, subject_type, ViewOf(subject_key), ViewOf(row_key), ViewOf(seed), body, views_};
  }

 private:
  mutable std::vector<AuditSubject> views_;
};

struct StatementRow {
  std::int64_t statement = 0, at = 0, system_id = 0;
  std::uint64_t xid = 0;
  std::optional<Hash> shape;
  char operation = 'U';
  bool anonymized = false;
  std::int32_t changes = 0;
  std::string session_role, acting_role;
  Text purpose, seed, app_user, client_address, actor_digests;
  std::optional<std::int64_t> tombstone;
  std::vector<ChangeRow> rows;

  AuditStatement View() const {
    AuditStatement view;
    view.statement = statement;
    view.at = at;
    view.system_id = system_id;
    view.xid = xid;
    view.shape = shape;
    view.operation = operation;
    view.anonymized = anonymized;
    view.changes = changes;
    view.session_role = session_role;
    view.acting_role = acting_role;
    view.purpose = ViewOf(purpose);
    view.seed = ViewOf(seed);
    view.app_user = ViewOf(app_user);
    view.client_address = ViewOf(client_address);
    view.actor_digests = ViewOf(actor_digests);
    return view;
  }
};

struct SealRow {
  AuditSeal seal;
  Hash digest{};
  std::string signature;
  bool has_leaves = true;
  Text leaves;
  std::vector<std::pair<std::int32_t, std::int32_t>> dropped;
};

struct ShapeRow {
  std::string schema = "crm", name = "contact";
  std::vector<std::int16_t> numbers = {1, 2, 3};
  std::vector<std::string> names = {"id", "email", "phone"};
  std::vector<std::string> types = {"integer", "text", "text"};
  std::string digest;

  template <class Use>
  auto With(Use use) const {
    const std::vector<std::string_view> n(names.begin(), names.end());
    const std::vector<std::string_view> t(types.begin(), types.end());
    return use(AuditShape{schema, name, numbers, n, t, std::nullopt});
  }
};

/// A log as it lies in the database.
struct Log {
  std::vector<std::pair<std::int32_t, std::string>> keys;
  std::vector<std::pair<std::string, std::string>> configurations;
  ShapeRow shape;
  std::vector<StatementRow> statements;
  std::vector<SealRow> seals;
};

inline void AppendSide(Random& random, Side side, std::string& body) {
  if (side != Side::kValue) return;
  const std::string value = random.Below(20) == 0 ? std::string(400, 'v') : random.Word();
  std::vector<char> room(kVarintBytes + value.size());
  body.append(room.data(), PutValue(room.data(), value.data(), value.size()));
}

inline ChangeRow RandomChange(Random& random, std::int32_t n) {
  ChangeRow row;
  row.n = n;
  row.subject_type = random.Below(4) == 0 ? "" : "contact";
  row.subject_key = std::to_string(random.Below(100));
  row.row_key = random.Maybe();
  row.seed = random.Bytes(16);
  const Side sides[] = {Side::kNull, Side::kValue, Side::kValue, Side::kValue, Side::kUntold};
  for (std::uint32_t number = 1; number < 9; ++number) {
    if (random.Below(2) == 0) continue;
    const Side from = sides[random.Below(5)];
    const Side to = sides[random.Below(5)];
    std::array<char, kColumnHeadBytes> head;
    row.body.append(head.data(), PutColumnHead(head.data(), number, from, to));
    AppendSide(random, from, row.body);
    AppendSide(random, to, row.body);
  }
  for (std::int16_t place = 2; random.Below(6) == 0; ++place) {
    row.subjects.push_back({place, "guardian", random.Word(), random.Bytes(16), std::nullopt});
  }
  return row;
}

inline StatementRow RandomStatement(Random& random, std::int64_t number) {
  StatementRow row;
  row.statement = number;
  row.at = 1000 * number;
  row.system_id = 77;
  row.xid = static_cast<std::uint64_t>(100 + number / 2);
  row.operation = "IUD"[random.Below(3)];
  row.anonymized = random.Below(9) == 0;
  row.session_role = random.Word();
  row.acting_role = random.Word();
  row.purpose = random.Maybe();
  row.seed = random.Bytes(16);
  row.app_user = random.Maybe();
  row.client_address = random.Maybe();
  return row;
}

/// What an erasure makes of a row.
inline void Erase(LeafMaker& maker, ChangeRow& row, std::span<const std::int16_t> readable,
                  bool hide_subject_key, bool hide_row_key) {
  row.body = maker.ErasedBody(row.View(), readable, hide_subject_key, hide_row_key).value_or("");
  if (hide_subject_key) row.subject_key = "digest-of-a-key";
  if (hide_row_key) row.row_key = std::nullopt;
  row.seed = std::nullopt;
}

inline Position PositionOf(const StatementRow& statement, std::int32_t n) {
  return {statement.system_id, statement.xid, statement.statement, n};
}

/// Seals up to `events` more events of a server; the log must be in order.
inline void Seal(Log& log, LeafMaker& maker, const SealSigner& signer, std::int64_t system_id,
                 std::int32_t events) {
  Position after{system_id, 0, 0, 0};
  for (const SealRow& row : log.seals) {
    if (row.seal.system_id != system_id || !row.seal.upto_xid) continue;
    after = {system_id, *row.seal.upto_xid, *row.seal.upto_statement, *row.seal.upto_n};
  }
  SealRow row;
  row.leaves = "";
  MerkleRoot root(maker.Hasher());
  for (const StatementRow& statement : log.statements) {
    Hash digest{};
    Hash leaf{};
    maker.StatementDigest(statement.View(), digest);
    for (const ChangeRow& change : statement.rows) {
      if (statement.system_id != system_id || PositionOf(statement, change.n) <= after) continue;
      if (row.seal.events == events) continue;
      maker.Leaf(digest, change.View(), leaf);
      root.Add(leaf);
      row.leaves->append(AsText(leaf));
      ++row.seal.events;
      row.seal.upto_xid = statement.xid;
      row.seal.upto_statement = statement.statement;
      row.seal.upto_n = change.n;
    }
  }
  row.seal.seal = static_cast<std::int64_t>(log.seals.size()) + 1;
  if (!log.seals.empty()) row.seal.previous = log.seals.back().digest;
  row.seal.sealed_at = row.seal.seal * 5000000;
  row.seal.system_id = system_id;
  row.seal.root = root.Root();
  row.seal.configuration = *HashFrom(log.configurations.back().first);
  row.seal.key_id = log.keys.back().first;
  row.digest = SealDigest(maker.Hasher(), row.seal);
  const Signature signature = signer.Sign(row.digest);
  row.signature.assign(signature.begin(), signature.end());
  log.seals.push_back(std::move(row));
}

inline void FeedEvents(AuditChain& chain, const Log& log, Position after, Position upto) {
  for (const StatementRow& statement : log.statements) {
    bool begun = false;
    for (const ChangeRow& change : statement.rows) {
      const Position position = PositionOf(statement, change.n);
      if (position <= after || position > upto) continue;
      if (!begun) chain.BeginStatement(statement.View(), statement.tombstone);
      begun = true;
      chain.AddChange(change.View(), change.tombstone);
    }
  }
}

/// Verifies the log in the way of the server: events belong to a seal by their place in the order.
inline std::vector<Verdict> Verify(Log log, const std::string& anchors = "",
                                   const std::string& trusted = "",
                                   std::optional<AuditChain::History>* other = nullptr) {
  std::ranges::sort(log.statements, {}, [](const StatementRow& s) { return PositionOf(s, 0); });
  for (StatementRow& s : log.statements) std::ranges::sort(s.rows, {}, &ChangeRow::n);
  AuditChain chain(true);
  for (const auto& [id, key] : log.keys) chain.AddKey(id, key);
  for (const auto& [digest, body] : log.configurations) chain.AddConfiguration(digest, body);
  log.shape.With([&](const AuditShape& shape) { chain.AddShape(shape, log.shape.digest); });
  if (!trusted.empty()) chain.Trust(trusted);
  chain.AddAnchors(anchors, "shop", "instance");
  std::map<std::int64_t, Position> last;
  for (const StatementRow& s : log.statements) {
    last.try_emplace(s.system_id, Position{s.system_id, 0, 0, 0});
  }
  for (const SealRow& row : log.seals) {
    chain.BeginSeal(
        {row.seal, row.digest, row.signature, row.has_leaves, ViewOf(row.leaves), row.dropped});
    if (!row.seal.upto_xid) continue;
    const Position after =
        last.try_emplace(row.seal.system_id, Position{row.seal.system_id, 0, 0, 0}).first->second;
    const Position upto{row.seal.system_id, *row.seal.upto_xid, row.seal.upto_statement.value_or(0),
                        row.seal.upto_n.value_or(0)};
    FeedEvents(chain, log, after, upto);
    last[row.seal.system_id] = upto;
  }
  for (const auto& [system_id, after] : last) {
    chain.BeginUnsealed();
    FeedEvents(chain, log, after, {system_id, UINT64_MAX, INT64_MAX, INT32_MAX});
  }
  chain.Finish();
  if (other != nullptr) *other = chain.OtherHistory();
  return chain.Take();
}

}  // namespace gdpr::audit
