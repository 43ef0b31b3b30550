// SPDX-License-Identifier: PostgreSQL
// Reads exports of the audit log, line by line, and proofs of single events. Needs core and JSON
// only: it verifies without a database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/audit_chain.hpp"

namespace gdpr::batch {

/// What an export is held against, besides itself.
struct AuditTrust {
  std::vector<std::string> public_keys;  ///< 32 bytes each; none: the keys that the export names
  std::string anchor;                    ///< lines of an anchor; empty: there is none
  std::string database;  ///< its name as the anchor writes it; empty: as the export says
};

/// Verifies the lines of gdpr.export_audit().
class AuditLines {
 public:
  explicit AuditLines(AuditTrust trust) : trust_(std::move(trust)) {}

  /// The next line. False for the first one where it is no export's; anything else that is no line
  /// of an export is a finding.
  bool Add(std::string_view line);

  /// After the last line.
  void Finish();

  /// What is wrong, as far as it is known; taken away.
  std::vector<Verdict> TakeBad();

  bool IsSound() const { return chain_ && chain_->IsSound(); }
  /// After Finish(): see AuditChain.
  std::optional<AuditChain::History> OtherHistory() const {
    return chain_ ? chain_->OtherHistory() : std::nullopt;
  }
  std::int64_t seals() const { return seals_; }
  std::int64_t events() const { return events_; }

 private:
  struct Reader;

  void Count();

  AuditTrust trust_;
  std::unique_ptr<AuditChain> chain_;
  std::vector<Verdict> bad_;
  std::int64_t line_ = 0;
  std::int64_t seals_ = 0;
  std::int64_t events_ = 0;
  bool ended_ = false;
};

/// Checks a proof of gdpr.prove_event(): that the event's rows are the leaf, that the leaf is under
/// the seal's root, and that the seal is signed. Returns "ok", or what is wrong first. `event` and
/// `seal` become what the proof is about.
std::string CheckProof(std::string_view text, const AuditTrust& trust, std::string& event,
                       std::int64_t& seal);

}  // namespace gdpr::batch
