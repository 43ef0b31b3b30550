// SPDX-License-Identifier: PostgreSQL
// Verifies the audit log: the chain of seals and the events under them, record by record.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit_leaf.hpp"
#include "merkle.hpp"
#include "seal_sign.hpp"

namespace gdpr {

/// The name of an event in views and reports: '<statement>:<n>'.
std::string EventName(std::int64_t statement, std::int32_t n);

/// A row of audit_seal with its row of audit_leaves, as they lie there.
struct SealRecord {
  AuditSeal seal;
  std::optional<Hash> digest;
  std::string_view signature;
  bool has_leaves = true;                  // there is a row of audit_leaves
  std::optional<std::string_view> leaves;  // nothing: all events were dropped
  std::span<const std::pair<std::int32_t, std::int32_t>> dropped;  // [from, to), ascending
};

/// What is to be said of a seal, or of something outside of all seals.
struct Verdict {
  std::optional<std::int64_t> seal;
  std::string first_event;
  std::string last_event;
  std::string status;  // "ok", or what is wrong first

  bool IsOk() const { return status == "ok"; }
};

/// The verifier. Feed it: everything of AddKey, AddConfiguration, AddShape, AddAnchors; then each
/// seal in order, BeginSeal() and its events in sealed order (a statement before its changes);
/// then, where `whole`, events that are not sealed yet, for each server BeginUnsealed() and its
/// events; at last Finish(). Take() gives the verdicts that have become known. Records may hold
/// anything: what is no event is a bad one. Memory does not grow with the events, but with the
/// erasures (some 100 bytes each) and anchors. Throws only what OpenSSL's failures throw.
class AuditChain {
 public:
  /// `whole`: the log from seal 1 to its newest event is fed. A part of it begins at any seal, and
  /// says nothing about tombstones and anchored seals outside of it.
  explicit AuditChain(bool whole) : whole_(whole) {}

  /// A row of audit_key.
  void AddKey(std::int32_t key_id, std::string_view public_key);
  /// Seals count as signed by this key and others that are trusted only, whatever the rows of
  /// audit_key say.
  void Trust(std::string_view public_key) { trusted_.emplace(public_key); }
  /// A row of audit_configuration.
  void AddConfiguration(std::string_view digest, std::string_view body);
  /// A row of audit_shape.
  void AddShape(const AuditShape& shape, std::string_view digest);
  /// Lines of an anchor, whole ones: `seal sealed_at system_id database instance digest`, or the
  /// same after what syslog writes before it. Those of other instances, and lines that are none,
  /// are passed over. Of the same instance under another name (a copy of the database, or this one
  /// before it was renamed) any one line will do where there is none of this name; where they tell
  /// another history, OtherHistory() says so. Returns how many are of this instance.
  std::size_t AddAnchors(std::string_view lines, std::string_view database,
                         std::string_view instance);

  void BeginSeal(const SealRecord& record);
  void BeginUnsealed();
  /// `tombstone`: the statement that erased the actor.
  void BeginStatement(const AuditStatement& statement, std::optional<std::int64_t> tombstone);
  /// `tombstone`: the statement that erased the values.
  void AddChange(const AuditChange& change, std::optional<std::int64_t> tombstone);
  /// Something bad that whoever reads the records found himself.
  void AddFinding(std::string status);
  void Finish();

  /// The verdicts since the last call, of seals in their order.
  /// After Finish(): what the anchor tells of this instance under another name and is not this log:
  /// which name, and from which seal on. Nobody can tell a copy from a log that was written anew
  /// and renamed: a person has to.
  struct History {
    std::string database;
    std::int64_t from_seal = 0;
  };
  const std::optional<History>& OtherHistory() const { return other_history_; }

  bool HasVerdicts() const { return !verdicts_.empty(); }
  std::vector<Verdict> Take() { return std::exchange(verdicts_, {}); }
  bool IsSound() const { return sound_; }
  LeafMaker& Leaves() { return leaf_maker_; }

 private:
  enum class Part { kNowhere, kSeal, kUnsealed };

  /// What an E statement says it erased, and what names it.
  struct Erasure {
    bool found = false;
    std::int64_t said_changes = 0;
    std::int64_t said_actors = 0;
    std::int64_t changes = 0;
    std::int64_t actors = 0;
  };

  void Emit(Verdict verdict);
  void Blame(std::string status);
  void CheckSeal(const SealRecord& record);
  std::string ChainFault(const SealRecord& record);
  std::string AnchorFault(std::int64_t seal, const Hash& digest);
  std::string KeyFault(const SealRecord& record, const Hash& digest);
  void ReadLeaves(const SealRecord& record);
  void EndPart();
  void EndSeal();
  void EndStatement();
  void SkipDropped();
  void Compare(const std::string& name, const Hash& leaf);
  void Differs(const std::string& name, const Hash& leaf);
  std::string_view LeafAt(std::size_t place) const;
  std::string ErasureFault(const AuditChange& change, std::optional<std::int64_t> tombstone) const;
  void CountErasure(const AuditChange& change, std::optional<std::int64_t> tombstone);

  bool whole_;
  bool sound_ = true;
  LeafMaker leaf_maker_;
  std::map<std::int32_t, std::string> keys_;
  std::set<std::string> trusted_;
  std::map<Hash, bool> configurations_;        // and whether its text is the one that was digested
  std::map<Hash, bool> shapes_;                // and whether it is the one that was digested
  std::multimap<std::int64_t, Hash> anchors_;  // of this database
  std::multimap<std::int64_t, std::pair<Hash, std::string>> other_anchors_;  // under another name
  std::optional<History> other_history_;
  std::vector<Verdict> verdicts_;

  // The chain
  std::optional<std::int64_t> last_seal_;
  Hash last_digest_{};
  DroppedDigest dropped_;
  std::optional<std::int64_t> last_drop_;  // newest seal of kind D
  Hash last_drop_root_{};
  std::optional<std::int64_t> last_dropped_;  // newest seal that lacks events
  std::map<std::int64_t, std::pair<std::int64_t, std::int32_t>> upto_;  // by server: statement, n

  // The seal at work
  Part part_ = Part::kNowhere;
  AuditSeal seal_;
  Verdict verdict_;
  std::string leaves_;
  bool leaves_fit_ = false;  // as many as events, and the root is over them
  bool has_leaves_ = false;  // as many as events
  std::vector<std::pair<std::int32_t, std::int32_t>> gaps_;
  std::size_t gap_ = 0;
  std::size_t place_ = 0;   // of the next event
  std::size_t events_ = 0;  // how many the seal covers
  std::string differs_;     // the first event that is not the one at its place
  std::string strange_;     // an event whose leaf is none of the seal's, until the next is seen
  std::optional<MerkleRoot> root_;

  // The statement at work
  AuditStatement statement_;  // numbers only: its views are gone
  Hash statement_digest_{};
  bool statement_sound_ = false;
  std::string shape_fault_;
  bool actor_erased_ = false;
  std::optional<std::int64_t> actor_tombstone_;
  std::int32_t last_n_ = 0;

  std::map<std::int64_t, Erasure> erasures_;
};

}  // namespace gdpr
