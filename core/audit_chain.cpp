// SPDX-License-Identifier: PostgreSQL
#include "audit_chain.hpp"

#include <algorithm>
#include <charconv>

namespace gdpr {
namespace {

std::string Count(std::int64_t number, const char* one, const char* many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

// The number that a text is, all of it.
std::optional<std::int64_t> NumberOf(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Takes the next line or word off a text.
std::string_view Cut(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

}  // namespace

std::string EventName(std::int64_t statement, std::int32_t n) {
  return std::to_string(statement) + ":" + std::to_string(n);
}

void AuditChain::AddKey(std::int32_t key_id, std::string_view public_key) {
  keys_[key_id] = public_key;
}

void AuditChain::AddConfiguration(std::string_view digest, std::string_view body) {
  if (const auto hash = HashFrom(digest)) {
    configurations_[*hash] = leaf_maker_.ConfigurationDigest(body) == *hash;
  }
}

void AuditChain::AddShape(const AuditShape& shape, std::string_view digest) {
  if (const auto hash = HashFrom(digest)) {
    shapes_[*hash] = leaf_maker_.ShapeDigest(shape) == *hash;
  }
}

std::size_t AuditChain::AddAnchors(std::string_view lines, std::string_view database,
                                   std::string_view instance) {
  constexpr std::string_view kSyslog = "pg_gdpr seal ";
  std::size_t count = 0;
  while (!lines.empty()) {
    std::string_view line = Cut(lines, '\n');
    const std::size_t begins = line.find(kSyslog);
    if (begins != std::string_view::npos) line.remove_prefix(begins + kSyslog.size());
    const auto seal = NumberOf(Cut(line, ' '));
    Cut(line, ' ');  // when, and on which server
    Cut(line, ' ');
    const std::string_view name = Cut(line, ' ');
    const bool ours = Cut(line, ' ') == instance;
    const auto bytes = BytesOfHex(line);
    const auto digest = bytes ? HashFrom(*bytes) : std::nullopt;
    if (!seal || !ours || !digest) continue;
    if (name == database) {
      anchors_.emplace(*seal, *digest);
    } else {
      other_anchors_.emplace(*seal, std::pair(*digest, std::string(name)));
    }
    ++count;
  }
  return count;
}

std::string AuditChain::AnchorFault(std::int64_t seal, const Hash& digest) {
  const auto [first, end] = anchors_.equal_range(seal);
  const auto [other, others_end] = other_anchors_.equal_range(seal);
  bool same = std::all_of(first, end, [&](const auto& a) { return a.second == digest; });
  bool any = other == others_end;
  for (auto line = other; line != others_end; ++line) {
    any = any || line->second.first == digest;
    if (line->second.first == digest || other_history_) continue;
    other_history_ = {line->second.second, seal};
  }
  if (first == end) same = any;
  return same ? "" : "differs from its anchor";
}

void AuditChain::Emit(Verdict verdict) {
  sound_ = sound_ && verdict.IsOk();
  verdicts_.push_back(std::move(verdict));
}

void AuditChain::AddFinding(std::string status) {
  Emit({std::nullopt, "", "", std::move(status)});
}

// Keeps what is wrong first.
void AuditChain::Blame(std::string status) {
  if (verdict_.IsOk() && !status.empty()) verdict_.status = std::move(status);
}

std::string AuditChain::ChainFault(const SealRecord& record) {
  const AuditSeal& seal = record.seal;
  if (!last_seal_ && (!whole_ || (seal.seal == 1 && seal.previous == Hash{}))) return "";
  if (!last_seal_) return "seals before it are missing";
  if (seal.seal == *last_seal_ + 1 && seal.previous == last_digest_) return "";
  return "does not follow seal " + std::to_string(*last_seal_);
}

std::string AuditChain::KeyFault(const SealRecord& record, const Hash& digest) {
  const auto key = keys_.find(record.seal.key_id);
  if (trusted_.empty()) {
    if (key == keys_.end()) return "its key is unknown";
    const bool good = IsSignedEd25519(key->second, AsText(digest), record.signature);
    return good ? "" : "is not signed by its key";
  }
  const bool good = std::ranges::any_of(trusted_, [&](const std::string& trusted) {
    return IsSignedEd25519(trusted, AsText(digest), record.signature);
  });
  return good ? "" : "is not signed by the key";
}

// The seal itself: its place, its digest, its signature, its anchor, its configuration.
void AuditChain::CheckSeal(const SealRecord& record) {
  const Hash digest = SealDigest(leaf_maker_.Hasher(), record.seal);
  if (record.digest != digest) Blame("was changed");
  Blame(ChainFault(record));
  Blame(KeyFault(record, digest));
  Blame(AnchorFault(record.seal.seal, digest));
  const auto configuration = configurations_.find(record.seal.configuration);
  if (configuration == configurations_.end()) {
    Blame("its configuration is missing");
  } else if (!configuration->second) {
    Blame("its configuration was changed");
  }
  const bool drop = record.seal.kind == 'D';
  if (!drop && !record.has_leaves) Blame("the digests of its events are missing");
}

void AuditChain::ReadLeaves(const SealRecord& record) {
  const std::size_t events = events_ = static_cast<std::size_t>(std::max(record.seal.events, 0));
  leaves_.clear();
  gaps_.clear();
  root_.reset();
  has_leaves_ = leaves_fit_ = false;
  if (record.seal.kind == 'D') {
    last_drop_ = record.seal.seal;
    last_drop_root_ = record.seal.root;
    has_leaves_ = leaves_fit_ = events == 0;
    return;
  }
  if (record.has_leaves && !record.leaves && events > 0) {
    dropped_.Whole(record.seal.seal);
    last_dropped_ = record.seal.seal;
    gaps_.emplace_back(0, record.seal.events);
    has_leaves_ = leaves_fit_ = true;
    return;
  }
  for (const auto& [from, to] : record.dropped) {
    dropped_.Range(record.seal.seal, from, to);
    last_dropped_ = record.seal.seal;
    gaps_.emplace_back(from, to);
  }
  leaves_ = record.leaves.value_or("");
  has_leaves_ = record.has_leaves && leaves_.size() == events * kHashBytes;
  root_.emplace(leaf_maker_.Hasher());
  if (has_leaves_) {
    for (std::size_t i = 0; i < events; ++i) root_->Add(*HashFrom(LeafAt(i)));
    leaves_fit_ = root_->Root() == record.seal.root;
    root_.emplace(leaf_maker_.Hasher());
  }
  if (!leaves_fit_ && !gaps_.empty()) Blame("the digests of its events were changed");
}

std::string_view AuditChain::LeafAt(std::size_t place) const {
  if (place >= leaves_.size() / kHashBytes) return {};
  return std::string_view(leaves_).substr(place * kHashBytes, kHashBytes);
}

void AuditChain::BeginSeal(const SealRecord& record) {
  EndPart();
  part_ = Part::kSeal;
  seal_ = record.seal;
  verdict_ = {record.seal.seal, "", "", "ok"};
  place_ = gap_ = 0;
  strange_.clear();
  differs_.clear();
  CheckSeal(record);
  ReadLeaves(record);
  last_seal_ = record.seal.seal;
  last_digest_ = record.digest.value_or(Hash{});
  if (record.seal.upto_statement && record.seal.upto_n) {
    upto_[record.seal.system_id] = {*record.seal.upto_statement, *record.seal.upto_n};
  }
}

void AuditChain::BeginUnsealed() {
  EndPart();
  part_ = Part::kUnsealed;
}

void AuditChain::BeginStatement(const AuditStatement& statement,
                                std::optional<std::int64_t> tombstone) {
  EndStatement();
  statement_sound_ = leaf_maker_.StatementDigest(statement, statement_digest_);
  const auto shape = statement.shape ? shapes_.find(*statement.shape) : shapes_.end();
  shape_fault_.clear();
  if (statement.shape && shape == shapes_.end()) shape_fault_ = "is missing";
  if (statement.shape && shape != shapes_.end() && !shape->second) shape_fault_ = "was changed";
  actor_erased_ = statement.actor_digests.has_value();
  actor_tombstone_ = tombstone;
  statement_ = AuditStatement{};
  statement_.statement = statement.statement;
  statement_.changes = statement.changes;
  statement_.operation = statement.operation;
  const auto upto = upto_.find(statement.system_id);
  // Its first rows may lie in the last seal
  const bool begun = upto != upto_.end() && upto->second.first == statement.statement;
  last_n_ = begun && part_ == Part::kUnsealed ? upto->second.second : 0;
}

// What no leaf covers: that values are only gone with a tombstone.
std::string AuditChain::ErasureFault(const AuditChange& change,
                                     std::optional<std::int64_t> tombstone) const {
  if (!change.seed && !tombstone) return "is erased without a tombstone";
  if (change.seed && tombstone) return "has a tombstone but is not erased";
  if (actor_erased_ != actor_tombstone_.has_value()) {
    return actor_erased_ ? "has lost its user without a tombstone"
                         : "has a tombstone of its user, who is not erased";
  }
  for (const AuditSubject& subject : change.subjects) {
    if (subject.digest && !tombstone) return "has lost a person without a tombstone";
  }
  return "";
}

void AuditChain::CountErasure(const AuditChange& change, std::optional<std::int64_t> tombstone) {
  if (tombstone) ++erasures_[*tombstone].changes;
  if (actor_tombstone_ && change.n == 1) ++erasures_[*actor_tombstone_].actors;
  if (statement_.operation != 'E') return;
  Erasure& erasure = erasures_[statement_.statement];
  erasure.found = true;
  std::string_view counts = change.row_key.value_or("");
  erasure.said_changes += NumberOf(Cut(counts, ' ')).value_or(0);
  erasure.said_actors += NumberOf(counts).value_or(0);
}

void AuditChain::AddChange(const AuditChange& change, std::optional<std::int64_t> tombstone) {
  const std::string name = EventName(statement_.statement, change.n);
  CountErasure(change, tombstone);
  Hash leaf{};
  const bool readable = statement_sound_ && leaf_maker_.Leaf(statement_digest_, change, leaf);
  std::string fault = ErasureFault(change, tombstone);
  if (!fault.empty()) fault = "event " + name + " " + fault;
  if (fault.empty() && !shape_fault_.empty()) {
    fault = "the shape of event " + name + " " + shape_fault_;
  }
  if (part_ == Part::kUnsealed) {
    if (fault.empty() && change.n > statement_.changes) fault = "event " + name + " was added";
    if (fault.empty() && !readable) fault = "event " + name + " was changed";
    if (fault.empty() && change.n != last_n_ + 1) {
      fault = "an event before " + name + " is missing";
    }
    if (!fault.empty()) AddFinding(std::move(fault));
    last_n_ = change.n;
    return;
  }
  if (verdict_.first_event.empty()) verdict_.first_event = name;
  verdict_.last_event = name;
  if (root_) root_->Add(leaf);
  if (!fault.empty() && !strange_.empty()) Blame("event " + strange_ + " was changed");
  Blame(std::move(fault));
  Compare(name, leaf);
}

void AuditChain::SkipDropped() {
  while (gap_ < gaps_.size() && place_ >= static_cast<std::size_t>(gaps_[gap_].first)) {
    place_ = std::max(place_, static_cast<std::size_t>(gaps_[gap_].second));
    ++gap_;
  }
}

// Whether the event is the one at its place; if not, the first such event is named.
void AuditChain::Compare(const std::string& name, const Hash& leaf) {
  if (!has_leaves_ || !verdict_.IsOk()) return;
  SkipDropped();
  if (!strange_.empty()) {
    // The event before was none of the seal's: does this one follow it, or stand in its place?
    const bool instead = LeafAt(place_) == AsText(leaf);
    Blame("event " + strange_ + (instead ? " was added" : " was changed"));
    return;
  }
  if (LeafAt(place_) == AsText(leaf)) {
    ++place_;
    return;
  }
  differs_ = name;
  Differs(name, leaf);
}

void AuditChain::Differs(const std::string& name, const Hash& leaf) {
  for (std::size_t i = 0; i < leaves_.size() / kHashBytes; ++i) {
    if (LeafAt(i) != AsText(leaf)) continue;
    Blame(i < place_ ? "event " + name + " stands there twice"
                     : "an event before " + name + " is missing");
    return;
  }
  if (place_ >= events_) {
    Blame("event " + name + " was added");
  } else {
    strange_ = name;
  }
}

void AuditChain::EndSeal() {
  SkipDropped();
  if (!strange_.empty()) Blame("event " + strange_ + " was changed");
  if (!leaves_fit_ && root_ && root_->Root() == seal_.root) {
    // The events are those that were sealed: it is their digests that are not
    if (!differs_.empty()) verdict_.status = "the digest of event " + differs_ + " was changed";
    Blame("the digests of its events were changed");
  } else if (!leaves_fit_) {
    Blame("its events are not those that were sealed");
  } else if (place_ < events_) {
    Blame(verdict_.last_event.empty() ? "its events are missing"
                                      : "an event after " + verdict_.last_event + " is missing");
  }
  Emit(std::move(verdict_));
}

// Of statements that are sealed the leaves say whether all their rows are there.
void AuditChain::EndStatement() {
  if (part_ == Part::kUnsealed && last_n_ > 0 && last_n_ < statement_.changes) {
    AddFinding("an event after " + EventName(statement_.statement, last_n_) + " is missing");
  }
  last_n_ = 0;
}

void AuditChain::EndPart() {
  EndStatement();
  if (part_ == Part::kSeal) EndSeal();
  part_ = Part::kNowhere;
}

void AuditChain::Finish() {
  EndPart();
  if (last_dropped_ && (!last_drop_ || *last_dropped_ > *last_drop_)) {
    if (whole_) {
      AddFinding("events of seal " + std::to_string(*last_dropped_) +
                 " are missing: no seal says that they were dropped");
    }
  } else if (whole_ && last_drop_ && dropped_.Finish() != last_drop_root_) {
    AddFinding("other events are missing than seal " + std::to_string(*last_drop_) +
               " says were dropped");
  }
  if (!whole_) return;
  const std::int64_t newest = last_seal_.value_or(0);
  const auto gone = [&](const auto& anchors) {
    if (anchors.upper_bound(newest) == anchors.end()) return;
    AddFinding("seals " + std::to_string(anchors.upper_bound(newest)->first) + " to " +
               std::to_string(anchors.rbegin()->first) + " are anchored and gone");
  };
  const auto other = other_anchors_.upper_bound(newest);
  if (anchors_.empty()) {
    gone(other_anchors_);
  } else {
    gone(anchors_);
    if (other != other_anchors_.end() && !other_history_) {
      other_history_ = {other->second.second, other->first};
    }
  }
  for (const auto& [statement, erasure] : erasures_) {
    const std::string name = std::to_string(statement);
    if (!erasure.found) {
      AddFinding("the tombstone " + name + " of " +
                 Count(erasure.changes + erasure.actors, "erased event", "erased events") +
                 " is missing");
    } else if (erasure.changes > erasure.said_changes || erasure.actors > erasure.said_actors ||
               (!last_drop_ &&
                (erasure.changes < erasure.said_changes || erasure.actors < erasure.said_actors))) {
      AddFinding("tombstone " + name + " erased " +
                 Count(erasure.said_changes + erasure.said_actors, "event", "events") + ", but " +
                 std::to_string(erasure.changes + erasure.actors) + " name it");
    }
  }
}

}  // namespace gdpr
