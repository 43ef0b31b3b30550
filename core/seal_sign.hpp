// SPDX-License-Identifier: PostgreSQL
// Seals over the audit log: their digest, their signature, what they say was dropped.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sha256.hpp"

namespace gdpr {

using Signature = std::array<std::uint8_t, 64>;
using PublicKey = std::array<std::uint8_t, 32>;

/// A seal covers this many events at most.
constexpr std::size_t kSealEvents = 65536;

/// A row of audit_seal but digest and signature. `sealed_at`: microseconds since 2000-01-01 UTC.
/// `previous` of the first seal is 32 zero bytes.
struct AuditSeal {
  std::int64_t seal = 0;
  char kind = 'S';
  Hash previous{};
  std::int64_t sealed_at = 0;
  std::int64_t system_id = 0;
  std::optional<std::uint64_t> upto_xid;
  std::optional<std::int64_t> upto_statement;
  std::optional<std::int32_t> upto_n;
  std::int32_t events = 0;
  Hash root{};
  std::optional<std::int64_t> dropped_before;
  Hash configuration{};
  std::int32_t key_id = 0;
};

/// The digest of a seal: what is signed, chained and anchored.
Hash SealDigest(Sha256& sha256, const AuditSeal& seal);

/// Signs digests of seals with Ed25519 (RFC 8032). The key pair is derived from the master key, the
/// private one is kept nowhere else.
class SealSigner {
 public:
  /// Throws Error 55000 for a master below 32 bytes, XX000 where OpenSSL fails.
  explicit SealSigner(std::span<const std::uint8_t> master);
  ~SealSigner();
  SealSigner(const SealSigner&) = delete;
  SealSigner& operator=(const SealSigner&) = delete;

  const PublicKey& Public() const { return public_key_; }
  Signature Sign(const Hash& digest) const;

 private:
  struct Pair;

  std::unique_ptr<Pair> pair_;
  PublicKey public_key_{};
};

/// The signature of any message under an Ed25519 seed (32 bytes), and its public key.
Signature SignEd25519(std::span<const std::uint8_t> seed, std::string_view message,
                      PublicKey* public_key = nullptr);

/// Whether the owner of the public key signed the message; false for anything that is no key (32
/// bytes) or no signature (64).
bool IsSignedEd25519(std::string_view public_key, std::string_view message,
                     std::string_view signature);

/// The root of a seal of kind D: over everything that was dropped of any seal up to now, in the
/// order of the seals, of those before this one and of this one. Whole() for a seal all of whose
/// events are gone (audit_leaves.leaves is NULL; seals without events are left out), Range() for
/// each range of places (from, and up to but without `to`) of one that keeps others.
class DroppedDigest {
 public:
  DroppedDigest() { Restart(); }

  void Whole(std::int64_t seal);
  void Range(std::int64_t seal, std::int32_t from, std::int32_t to);
  /// The root. Afterwards it starts anew.
  Hash Finish();

 private:
  void Restart();
  void Add(char what, std::int64_t seal, std::int32_t from, std::int32_t to);

  Sha256 sha256_;
};

}  // namespace gdpr
