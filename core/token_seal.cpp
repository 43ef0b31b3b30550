// SPDX-License-Identifier: PostgreSQL
#include "token.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstring>

namespace gdpr {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kHeader = 1 + sizeof(std::uint32_t);
constexpr std::size_t kTagBytes = std::tuple_size_v<TokenTag>;
constexpr std::size_t kRawBytes = kTokenChars / 4 * 3;
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> MakeValues() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr std::array<std::int8_t, 256> kValues = MakeValues();

[[noreturn]] void FailCrypto(const char* what) {
  throw Error{"XX000", std::string("cryptographic library failed: ") + what, "", ""};
}

unsigned char* Bytes(char* text) {
  return reinterpret_cast<unsigned char*>(text);
}
const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// base64url (RFC 4648, section 5) without padding.
std::string Encode(std::string_view raw) {
  std::string text;
  text.reserve((raw.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : raw) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(kDigits[bits >> (count - 6) & 63U]);
  }
  if (count > 0) text.push_back(kDigits[bits << (6 - count) & 63U]);
  return text;
}

// The only text that Encode() makes of these bytes, or false.
bool Decode(std::string_view text, std::string& raw) {
  raw.clear();
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::int8_t value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    raw.push_back(static_cast<char>(bits >> count & 255U));
  }
  return count < 6 && (bits & ((1U << count) - 1)) == 0;
}

void Put(std::string& out, std::uint64_t value, unsigned bytes) {
  while (bytes-- > 0) out.push_back(static_cast<char>(value >> (bytes * 8) & 255U));
}

// Length and text.
void Put(std::string& out, std::string_view text) {
  Put(out, text.size(), 2);
  out.append(text);
}

// Reads what Put() wrote; after a step beyond the end nothing is valid any more.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view Take(std::size_t size) {
    valid_ = valid_ && size <= bytes_.size();
    if (!valid_) return {};
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::uint64_t Number(unsigned bytes) {
    std::uint64_t value = 0;
    for (const char c : Take(bytes)) value = value << 8U | static_cast<unsigned char>(c);
    return value;
  }
  std::string Text() { return std::string(Take(Number(2))); }
  bool IsAtEnd() const { return valid_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool valid_ = true;
};

std::string Header(std::uint32_t key_id) {
  std::string header(1, kVersion);
  Put(header, key_id, sizeof(key_id));
  return header;
}

void Write(const TokenContent& content, std::string& plain) {
  Put(plain, static_cast<std::uint64_t>(content.issued_at), 8);
  Put(plain, static_cast<std::uint64_t>(content.expires_at), 8);
  Put(plain, static_cast<std::uint32_t>(content.form_version), 4);
  for (const std::string* text :
       {&content.subject_type, &content.subject_key, &content.purpose, &content.form}) {
    Put(plain, *text);
  }
}

std::optional<TokenContent> Read(std::string_view plain) {
  Reader reader(plain);
  TokenContent content;
  content.issued_at = static_cast<std::int64_t>(reader.Number(8));
  content.expires_at = static_cast<std::int64_t>(reader.Number(8));
  content.form_version = static_cast<std::int32_t>(reader.Number(4));
  for (std::string* text :
       {&content.subject_type, &content.subject_key, &content.purpose, &content.form}) {
    *text = reader.Text();
  }
  if (!reader.IsAtEnd()) return std::nullopt;
  return content;
}

// The digest's state after the padded key: one of the two that make an HMAC (RFC 2104).
bool StartHmac(EVP_MD_CTX* context, const Key& key, std::uint8_t pad) {
  std::array<std::uint8_t, 64> block;
  block.fill(pad);
  for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
  const bool done = EVP_DigestInit_ex(context, EVP_sha256(), nullptr) > 0 &&
                    EVP_DigestUpdate(context, block.data(), block.size()) > 0;
  OPENSSL_cleanse(block.data(), block.size());
  return done;
}

}  // namespace

// HMAC is made of two SHA-256 states that have taken in the padded key: copying them is cheaper
// than setting up the key for each token.
struct TokenBox::Contexts {
  using Digest = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
  Digest inner{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  Digest outer{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  Digest work{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> cipher{EVP_CIPHER_CTX_new(),
                                                                         &EVP_CIPHER_CTX_free};

  bool AreThere() const {
    return inner != nullptr && outer != nullptr && work != nullptr && cipher != nullptr;
  }
};

TokenBox::TokenBox(std::span<const std::uint8_t> master, std::string_view instance,
                   std::uint32_t key_id)
    : key_id_(key_id), contexts_(std::make_unique<Contexts>()) {
  const std::string whose = std::string(instance) + "/" + std::to_string(key_id);
  Key tag_key = DeriveKey(master, "token/tag/" + whose);
  Key cipher_key = DeriveKey(master, "token/cipher/" + whose);
  const bool done = contexts_->AreThere() && StartHmac(contexts_->inner.get(), tag_key, 0x36) &&
                    StartHmac(contexts_->outer.get(), tag_key, 0x5c) &&
                    EVP_EncryptInit_ex(contexts_->cipher.get(), EVP_aes_256_ctr(), nullptr,
                                       cipher_key.data(), nullptr) > 0;
  OPENSSL_cleanse(tag_key.data(), tag_key.size());
  OPENSSL_cleanse(cipher_key.data(), cipher_key.size());
  if (!done) FailCrypto("token keys");
  plain_.reserve(kRawBytes);
  raw_.reserve(kRawBytes);
}

TokenBox::~TokenBox() = default;

TokenTag TokenBox::TagOf(std::string_view header, std::string_view plain) {
  EVP_MD_CTX* work = contexts_->work.get();
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  const bool done = EVP_MD_CTX_copy_ex(work, contexts_->inner.get()) > 0 &&
                    EVP_DigestUpdate(work, header.data(), header.size()) > 0 &&
                    EVP_DigestUpdate(work, plain.data(), plain.size()) > 0 &&
                    EVP_DigestFinal_ex(work, digest.data(), &length) > 0 &&
                    EVP_MD_CTX_copy_ex(work, contexts_->outer.get()) > 0 &&
                    EVP_DigestUpdate(work, digest.data(), length) > 0 &&
                    EVP_DigestFinal_ex(work, digest.data(), &length) > 0 && length >= kTagBytes;
  if (!done) FailCrypto("HMAC");
  TokenTag tag;
  std::memcpy(tag.data(), digest.data(), kTagBytes);
  return tag;
}

void TokenBox::Cipher(const TokenTag& tag, std::string_view in, char* out) {
  EVP_CIPHER_CTX* cipher = contexts_->cipher.get();
  int length = 0;
  const bool done =
      EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, tag.data()) > 0 &&
      EVP_EncryptUpdate(cipher, Bytes(out), &length, Bytes(in), static_cast<int>(in.size())) > 0 &&
      length == static_cast<int>(in.size());
  if (!done) FailCrypto("AES");
}

std::string TokenBox::Seal(const TokenContent& content) {
  const std::size_t size = kHeader + kTagBytes + 8 + 8 + 4 + 4 * 2 + content.subject_type.size() +
                           content.subject_key.size() + content.purpose.size() +
                           content.form.size();
  if (size > kRawBytes) {
    throw Error{
        "54000", "the token would be longer than 1024 characters",
        "Names and the person's key have " + std::to_string(size - kRawBytes) + " bytes too many.",
        "Tokens are for keys of up to some 600 bytes."};
  }
  plain_.clear();
  Write(content, plain_);
  raw_ = Header(key_id_);
  const TokenTag tag = TagOf(raw_, plain_);
  raw_.append(reinterpret_cast<const char*>(tag.data()), tag.size());
  raw_.resize(kHeader + kTagBytes + plain_.size());
  Cipher(tag, plain_, raw_.data() + kHeader + kTagBytes);
  OPENSSL_cleanse(plain_.data(), plain_.size());
  return Encode(raw_);
}

std::optional<TokenContent> TokenBox::Open(std::string_view token, TokenTag* tag) {
  if (token.size() > kTokenChars || !Decode(token, raw_)) return std::nullopt;
  if (raw_.size() < kHeader + kTagBytes) return std::nullopt;
  const std::string_view raw = raw_;
  TokenTag claimed;
  std::memcpy(claimed.data(), raw.data() + kHeader, kTagBytes);
  plain_.resize(raw.size() - kHeader - kTagBytes);
  Cipher(claimed, raw.substr(kHeader + kTagBytes), plain_.data());
  // The tag covers version and key id: a token with others is no token of ours
  const TokenTag right = TagOf(raw.substr(0, kHeader), plain_);
  const bool genuine = CRYPTO_memcmp(right.data(), claimed.data(), kTagBytes) == 0;
  std::optional<TokenContent> content = genuine ? Read(plain_) : std::nullopt;
  OPENSSL_cleanse(plain_.data(), plain_.size());
  if (content && tag != nullptr) *tag = claimed;
  return content;
}

Error TokenNotValid() {
  return {"PD009", "this token is not valid", "",
          "Use the token as it stands in the letter, in the database that made it."};
}

}  // namespace gdpr
