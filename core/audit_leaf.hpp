// SPDX-License-Identifier: PostgreSQL
// From an audited change to its leaf: the hash that is sealed. A leaf covers everything that is
// kept of a change, values only by their salted digests, so that they can be erased from under it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit_body.hpp"
#include "sha256.hpp"

namespace gdpr {

/// A row of audit_shape but its number: what a relation looked like.
struct AuditShape {
  std::string_view relation_schema;
  std::string_view relation_name;
  std::span<const std::int16_t> numbers;
  std::span<const std::string_view> names;
  std::span<const std::string_view> types;
  std::optional<std::span<const std::int16_t>> key_columns;
};

/// A row of audit_statement. Times are microseconds since 2000-01-01 UTC; `client_address` is
/// inet's output text; `shape` is the digest of its shape.
struct AuditStatement {
  std::int64_t statement = 0;
  std::int64_t at = 0;
  std::int64_t system_id = 0;
  std::uint64_t xid = 0;
  std::optional<Hash> shape;
  char operation = 'I';
  bool anonymized = false;
  std::int32_t changes = 0;
  std::string_view session_role;
  std::string_view acting_role;
  std::optional<std::string_view> purpose;
  std::optional<std::string_view> seed;
  std::optional<std::string_view> app_user;
  std::optional<std::string_view> client_address;
  std::optional<std::string_view> actor_digests;
};

/// A row of audit_subject.
struct AuditSubject {
  std::int16_t place = 0;
  std::string_view subject_type;
  std::string_view subject_key;
  std::optional<std::string_view> salt;
  std::optional<std::string_view> digest;
};

/// A row of audit_change with its rows of audit_subject in the order of their places. The
/// tombstone is not part of it: no leaf covers it.
struct AuditChange {
  std::int32_t n = 0;
  std::string_view subject_type;
  std::optional<std::string_view> subject_key;
  std::optional<std::string_view> row_key;
  std::optional<std::string_view> seed;
  std::string_view body;
  std::span<const AuditSubject> subjects;
};

/// The salts that come from a seed: the key stream of AES-128-CTR with the seed as its key and a
/// zero IV, 16 bytes each. Keeps its OpenSSL contexts. Throws Error XX000 where OpenSSL fails.
class Salts {
 public:
  Salts();
  ~Salts();
  Salts(const Salts&) = delete;
  Salts& operator=(const Salts&) = delete;

  /// Takes another seed. False, and no salts, unless it has 16 bytes.
  bool Use(std::string_view seed);

  /// The salt of a place; cheapest in ascending order. Valid until the next call.
  std::string_view At(std::uint32_t place);

  static constexpr std::uint32_t kSubjectKey = 0;  // places in the stream of a change's seed
  static constexpr std::uint32_t kRowKey = 1;
  static constexpr std::uint32_t kAppUser = 0;  // … and of a statement's
  static constexpr std::uint32_t kClientAddress = 1;
  /// Of a column's side; `place` as in BodyColumn.
  static constexpr std::uint32_t From(unsigned place) { return 2 + 2 * place; }
  static constexpr std::uint32_t To(unsigned place) { return 3 + 2 * place; }

 private:
  struct Context;

  static constexpr std::uint32_t kRun = 8;  // salts made at once: two keys, three columns

  std::unique_ptr<Context> context_;
  std::array<char, kRun * kSaltBytes> salts_{};
  std::uint32_t first_ = UINT32_MAX;  // place of salts_'s first
};

/// Makes leaves, and what becomes of rows whose values are erased. Keeps memory and OpenSSL's
/// contexts: one for many events, never for several threads at once. All of it throws Error XX000
/// where OpenSSL fails; false or nothing means that the row is not as it was ever written.
class LeafMaker {
 public:
  /// The digest of a shape: audit_shape.digest.
  Hash ShapeDigest(const AuditShape& shape);

  /// What a statement's events have in common. False for a seed that is missing though there is an
  /// actor and no actor_digests, or for either of a wrong length.
  bool StatementDigest(const AuditStatement& statement, Hash& digest);

  /// The leaf of a change whose statement has that digest.
  bool Leaf(const Hash& statement, const AuditChange& change, Hash& leaf);

  /// The salted digests that take the place of a statement's app_user and client_address (64
  /// bytes; 32 zeros for one that was NULL): audit_statement.actor_digests. Then seed, app_user
  /// and client_address become NULL, and the statement's digest stays.
  std::optional<std::string> ActorDigests(const AuditStatement& statement);

  /// The body that takes the place of a change's body once its values are erased: the change's leaf
  /// stays as it was, and its seed becomes NULL. Values of `readable` columns (ascending numbers)
  /// stay, with their own salts, all others become digests. `hide_subject_key`, `hide_row_key`: the
  /// key becomes a digest too, and the caller replaces it in the row; else its salt goes into the
  /// body and the key must stay. A body that was erased before is taken as well, and loses what
  /// was still readable. Nothing for a change without a seed that was never erased.
  std::optional<std::string> ErasedBody(const AuditChange& change,
                                        std::span<const std::int16_t> readable,
                                        bool hide_subject_key, bool hide_row_key);

  /// The digest that takes the place of a further subject's key and salt: audit_subject.digest.
  Hash SubjectDigest(std::string_view salt, std::string_view key) {
    return sha256_.OfValue(salt, key);
  }

  /// The digest of a state of the audit's configuration: audit_configuration.digest.
  Hash ConfigurationDigest(std::string_view body);

  Sha256& Hasher() { return sha256_; }

 private:
  bool DigestOfKey(std::optional<std::string_view> key, std::string_view digest,
                   std::string_view salt, std::uint32_t place, std::optional<Hash>& result);
  bool DigestOfActor(const AuditStatement& statement, unsigned which, std::optional<Hash>& result);
  bool AddSide(const BodySide& side, std::uint32_t place);
  bool AddSubjects(std::span<const AuditSubject> subjects);
  void EraseSide(const BodySide& side, std::uint32_t place, bool readable, Side& code);

  Sha256 sha256_;
  Salts salts_;
  bool has_salts_ = false;
  std::string message_;  // kept for their memory
  std::string part_;
};

}  // namespace gdpr
