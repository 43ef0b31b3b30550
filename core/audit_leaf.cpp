// SPDX-License-Identifier: PostgreSQL
#include "audit_leaf.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "error.hpp"

namespace gdpr {
namespace {

constexpr std::string_view kNoActor{
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", kHashBytes};

[[noreturn]] void Fail() {
  throw Error{"XX000", "cryptographic library failed: AES", "", ""};
}

void Begin(std::string& message, HashSort sort) {
  message.assign(1, static_cast<char>(sort));
}

}  // namespace

struct Salts::Context {
  std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> algorithm{
      EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr), &EVP_CIPHER_free};
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> state{EVP_CIPHER_CTX_new(),
                                                                        &EVP_CIPHER_CTX_free};
};

Salts::Salts() : context_(std::make_unique<Context>()) {
  if (context_->algorithm == nullptr || context_->state == nullptr) Fail();
}

Salts::~Salts() = default;

bool Salts::Use(std::string_view seed) {
  first_ = UINT32_MAX;
  if (seed.size() != kSaltBytes) return false;
  if (EVP_EncryptInit_ex2(context_->state.get(), context_->algorithm.get(),
                          reinterpret_cast<const unsigned char*>(seed.data()), nullptr,
                          nullptr) <= 0 ||
      EVP_CIPHER_CTX_set_padding(context_->state.get(), 0) <= 0) {
    Fail();
  }
  return true;
}

std::string_view Salts::At(std::uint32_t place) {
  if (place / kRun * kRun != first_) {
    // The key stream of CTR with a zero IV is the encryption of the block's numbers: any place of
    // it can be had without those before
    first_ = place / kRun * kRun;
    std::array<unsigned char, kRun * kSaltBytes> blocks{};
    for (std::uint32_t i = 0; i < kRun; ++i) {
      unsigned char* end = blocks.data() + (i + 1) * kSaltBytes;
      for (std::uint32_t number = first_ + i; number > 0; number >>= 8U) {
        *--end = static_cast<unsigned char>(number);
      }
    }
    int length = 0;
    if (EVP_EncryptUpdate(context_->state.get(), reinterpret_cast<unsigned char*>(salts_.data()),
                          &length, blocks.data(), static_cast<int>(blocks.size())) <= 0 ||
        length != static_cast<int>(blocks.size())) {
      Fail();
    }
  }
  return {salts_.data() + std::size_t{place - first_} * kSaltBytes, kSaltBytes};
}

Hash LeafMaker::ShapeDigest(const AuditShape& shape) {
  Begin(message_, HashSort::kShape);
  Fields fields(message_);
  fields.Text(shape.relation_schema);
  fields.Text(shape.relation_name);
  fields.Number(shape.numbers.size(), 4);
  for (const std::int16_t number : shape.numbers) {
    fields.Number(static_cast<std::uint16_t>(number), 2);
  }
  fields.Number(shape.names.size(), 4);
  for (const std::string_view name : shape.names) fields.Text(name);
  fields.Number(shape.types.size(), 4);
  for (const std::string_view type : shape.types) fields.Text(type);
  message_.push_back(shape.key_columns ? '\1' : '\0');
  if (shape.key_columns) {
    fields.Number(shape.key_columns->size(), 4);
    for (const std::int16_t number : *shape.key_columns) {
      fields.Number(static_cast<std::uint16_t>(number), 2);
    }
  }
  return sha256_.Of(message_);
}

Hash LeafMaker::ConfigurationDigest(std::string_view body) {
  constexpr char kSort = static_cast<char>(HashSort::kConfiguration);
  return sha256_.Of({&kSort, 1}, body);
}

bool LeafMaker::DigestOfActor(const AuditStatement& statement, unsigned which,
                              std::optional<Hash>& result) {
  const std::optional<std::string_view> text =
      which == Salts::kAppUser ? statement.app_user : statement.client_address;
  result.reset();
  if (statement.actor_digests) {
    const std::string_view digest = statement.actor_digests->substr(which * kHashBytes, kHashBytes);
    if (digest != kNoActor) result = HashFrom(digest);
    return !text;
  }
  if (text) result = sha256_.OfValue(salts_.At(which), *text);
  return true;
}

bool LeafMaker::StatementDigest(const AuditStatement& statement, Hash& digest) {
  if (statement.actor_digests) {
    if (statement.seed || statement.actor_digests->size() != 2 * kHashBytes) return false;
  } else if (!statement.seed || !salts_.Use(*statement.seed)) {
    return false;
  }
  std::optional<Hash> app_user;
  std::optional<Hash> address;
  if (!DigestOfActor(statement, Salts::kAppUser, app_user) ||
      !DigestOfActor(statement, Salts::kClientAddress, address)) {
    return false;
  }
  Begin(message_, HashSort::kStatement);
  Fields fields(message_);
  fields.Number(static_cast<std::uint64_t>(statement.statement), 8);
  fields.Number(static_cast<std::uint64_t>(statement.at), 8);
  fields.Number(static_cast<std::uint64_t>(statement.system_id), 8);
  fields.Number(statement.xid, 8);
  fields.MaybeHash(statement.shape);
  message_.push_back(statement.operation);
  message_.push_back(statement.anonymized ? '\1' : '\0');
  fields.Number(static_cast<std::uint32_t>(statement.changes), 4);
  fields.Text(statement.session_role);
  fields.Text(statement.acting_role);
  fields.MaybeText(statement.purpose);
  fields.MaybeHash(app_user);
  fields.MaybeHash(address);
  digest = sha256_.Of(message_);
  return true;
}

std::optional<std::string> LeafMaker::ActorDigests(const AuditStatement& statement) {
  if (statement.actor_digests) return std::string(*statement.actor_digests);
  if (!statement.seed || !salts_.Use(*statement.seed)) return std::nullopt;
  std::string digests;
  for (const unsigned which : {Salts::kAppUser, Salts::kClientAddress}) {
    std::optional<Hash> digest;
    DigestOfActor(statement, which, digest);
    digests.append(digest ? AsText(*digest) : kNoActor);
  }
  return digests;
}

// The digest of a key: as the body has it, or from the salt in the body or in the seed.
bool LeafMaker::DigestOfKey(std::optional<std::string_view> key, std::string_view digest,
                            std::string_view salt, std::uint32_t place,
                            std::optional<Hash>& result) {
  result.reset();
  if (!digest.empty()) {
    result = HashFrom(digest);
    return true;
  }
  if (!key) return salt.empty();
  if (salt.empty() && !has_salts_) return false;
  result = sha256_.OfValue(salt.empty() ? salts_.At(place) : salt, *key);
  return true;
}

// Appends one side to message_. A value, an erased one and a salted one are the same to a leaf.
bool LeafMaker::AddSide(const BodySide& side, std::uint32_t place) {
  switch (side.code) {
    case Side::kNone:
    case Side::kNull:
    case Side::kUntold:
      message_.push_back(static_cast<char>(side.code));
      return true;
    case Side::kErased:
      message_.push_back(static_cast<char>(Side::kValue));
      message_.append(side.digest);
      return true;
    case Side::kValue:
    case Side::kSalted:
      break;
  }
  const bool own_salt = side.code == Side::kSalted;
  if (!own_salt && !has_salts_) return false;
  message_.push_back(static_cast<char>(Side::kValue));
  message_.append(AsText(sha256_.OfValue(own_salt ? side.salt : salts_.At(place), side.value)));
  return true;
}

bool LeafMaker::AddSubjects(std::span<const AuditSubject> subjects) {
  Fields fields(message_);
  fields.Number(subjects.size(), 4);
  for (const AuditSubject& subject : subjects) {
    fields.Number(static_cast<std::uint16_t>(subject.place), 2);
    fields.Text(subject.subject_type);
    if (subject.digest) {
      if (subject.salt || subject.digest->size() != kDigestBytes) return false;
      message_.append(*subject.digest);
    } else {
      if (!subject.salt || subject.salt->size() != kSaltBytes) return false;
      message_.append(AsText(sha256_.OfValue(*subject.salt, subject.subject_key)));
    }
  }
  return true;
}

bool LeafMaker::Leaf(const Hash& statement, const AuditChange& change, Hash& leaf) {
  has_salts_ = change.seed.has_value();
  if (has_salts_ && !salts_.Use(*change.seed)) return false;
  BodyReader reader(change.body);
  std::optional<Hash> subject_key;
  std::optional<Hash> row_key;
  if (!DigestOfKey(change.subject_key, reader.SubjectDigest(), reader.SubjectSalt(),
                   Salts::kSubjectKey, subject_key) ||
      !DigestOfKey(change.row_key, reader.RowDigest(), reader.RowSalt(), Salts::kRowKey, row_key)) {
    return false;
  }
  Begin(message_, HashSort::kLeaf);
  Fields fields(message_);
  message_.append(AsText(statement));
  fields.Number(static_cast<std::uint32_t>(change.n), 4);
  fields.Text(change.subject_type);
  fields.MaybeHash(subject_key);
  fields.MaybeHash(row_key);
  for (BodyColumn column; reader.Next(column);) {
    fields.Number(column.number, 2);
    if (!AddSide(column.from, Salts::From(column.place)) ||
        !AddSide(column.to, Salts::To(column.place))) {
      return false;
    }
  }
  fields.Number(0, 2);  // no column has this number: the columns end here
  if (!reader.IsSound() || !AddSubjects(change.subjects)) return false;
  leaf = sha256_.Of(message_);
  return true;
}

// Appends to part_ what becomes of a side; its code changes with it.
void LeafMaker::EraseSide(const BodySide& side, std::uint32_t place, bool readable, Side& code) {
  code = side.code;
  if (side.code == Side::kErased) part_.append(side.digest);
  if (!side.IsReadable()) return;
  const std::string_view salt = side.code == Side::kSalted ? side.salt : salts_.At(place);
  code = readable ? Side::kSalted : Side::kErased;
  if (!readable) {
    part_.append(AsText(sha256_.OfValue(salt, side.value)));
    return;
  }
  std::array<char, kVarintBytes> length;
  part_.append(salt);
  part_.append(length.data(),
               PutVarint(length.data(), static_cast<std::uint32_t>(side.value.size())));
  part_.append(side.value);
}

std::optional<std::string> LeafMaker::ErasedBody(const AuditChange& change,
                                                 std::span<const std::int16_t> readable,
                                                 bool hide_subject_key, bool hide_row_key) {
  has_salts_ = change.seed.has_value();
  if (has_salts_ && !salts_.Use(*change.seed)) return std::nullopt;
  BodyReader reader(change.body);
  if (!reader.IsSound()) return std::nullopt;
  std::string body(kEmptyBody);
  const auto key = [&](std::optional<std::string_view> text, std::string_view digest,
                       std::string_view salt, std::uint32_t place, bool hide) {
    std::optional<Hash> hash;
    if (!DigestOfKey(text, digest, salt, place, hash)) return false;
    if (!hash) return true;
    const unsigned which = place == Salts::kSubjectKey ? 0 : 1;  // flags 1 and 2, or 4 and 8
    const bool digested = hide || !digest.empty();
    body[1] = static_cast<char>(body[1] | 1 << (digested ? which : which + 2));
    if (digested) {
      part_ = AsText(*hash);
    } else {
      part_ = salt.empty() ? salts_.At(place) : salt;
    }
    // Digests come before salts, and the subject's before the row's
    if (digested && which == 1 && (body[1] & 4) != 0) {
      body.insert(kBodyHeadBytes, part_);
    } else {
      body.append(part_);
    }
    return true;
  };
  if (!key(change.subject_key, reader.SubjectDigest(), reader.SubjectSalt(), Salts::kSubjectKey,
           hide_subject_key) ||
      !key(change.row_key, reader.RowDigest(), reader.RowSalt(), Salts::kRowKey, hide_row_key)) {
    return std::nullopt;
  }
  for (BodyColumn column; reader.Next(column);) {
    const bool stays = std::ranges::binary_search(readable, static_cast<int>(column.number));
    if (!has_salts_ && (column.from.code == Side::kValue || column.to.code == Side::kValue)) {
      return std::nullopt;
    }
    part_.clear();
    Side from;
    Side to;
    EraseSide(column.from, Salts::From(column.place), stays, from);
    EraseSide(column.to, Salts::To(column.place), stays, to);
    std::array<char, kColumnHeadBytes> head;
    body.append(head.data(), PutColumnHead(head.data(), column.number, from, to));
    body.append(part_);
  }
  if (!reader.IsSound()) return std::nullopt;
  return body;
}

}  // namespace gdpr
