// SPDX-License-Identifier: PostgreSQL
// Tokens for links in letters: who may decide on what, signed and sealed, kept nowhere.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "digest.hpp"
#include "error.hpp"

namespace gdpr {

/// The longest token in characters: anything longer is none.
constexpr std::size_t kTokenChars = 1024;
/// What identifies a token: its authentication tag.
using TokenTag = std::array<std::uint8_t, 16>;

/// What a token says. Times are microseconds since 2000-01-01 UTC; the purpose is empty for the
/// general consent, the form is empty for none.
struct TokenContent {
  std::string subject_type;
  std::string subject_key;
  std::string purpose;
  std::string form;
  std::int32_t form_version = 0;
  std::int64_t issued_at = 0;
  std::int64_t expires_at = 0;

  bool operator==(const TokenContent&) const = default;
};

/// Makes and reads the tokens of one database. A token is the base64url of
///   version (1 byte), key id (4), tag (16), ciphertext
/// in the manner of SIV (RFC 5297): the tag is HMAC-SHA-256, cut to 128 bits, over version, key id
/// and plaintext; the ciphertext is AES-256-CTR with the tag as its first counter block. So a token
/// can neither be read nor changed, needs no random number, and equal contents are equal tokens.
/// Not for several threads at once. Keeps its OpenSSL contexts, which makes a token cheap.
class TokenBox {
 public:
  /// `master`: the key of the server; `instance`: names the database, so that no database takes
  /// another's tokens; `key_id`: which key this is. Throws Error 55000 for a short master.
  TokenBox(std::span<const std::uint8_t> master, std::string_view instance, std::uint32_t key_id);
  ~TokenBox();
  TokenBox(const TokenBox&) = delete;
  TokenBox& operator=(const TokenBox&) = delete;

  /// The token for a content: letters, digits, - and _. Throws Error 54000 if it would be longer
  /// than kTokenChars.
  std::string Seal(const TokenContent& content);

  /// What the token says, and its tag; nothing unless this box's keys made exactly this text. It
  /// takes no longer for a tag that is nearly right.
  std::optional<TokenContent> Open(std::string_view token, TokenTag* tag = nullptr);

 private:
  struct Contexts;

  TokenTag TagOf(std::string_view header, std::string_view plain);
  void Cipher(const TokenTag& tag, std::string_view in, char* out);

  std::uint32_t key_id_;
  std::unique_ptr<Contexts> contexts_;
  std::string plain_;  // kept for its memory, wiped after use
  std::string raw_;
};

/// Error PD009: the one answer to whatever is no token of this database.
Error TokenNotValid();

}  // namespace gdpr
