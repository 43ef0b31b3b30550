// SPDX-License-Identifier: PostgreSQL
// Any bytes are a body or none. What is one has a leaf, and keeps it when its values are erased, of
// which nothing readable is left; written again column by column it is the same.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/audit_leaf.hpp"

namespace {

void AppendSide(const gdpr::BodySide& side, std::string& body) {
  body.append(side.digest).append(side.salt);
  if (!side.IsReadable()) return;
  std::array<char, gdpr::kVarintBytes> length;
  body.append(length.data(),
              gdpr::PutVarint(length.data(), static_cast<std::uint32_t>(side.value.size())));
  body.append(side.value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static gdpr::LeafMaker maker;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  gdpr::BodyReader reader(body);
  if (!reader.IsSound()) return 0;
  std::string again(body.substr(0, 2));
  again.append(reader.SubjectDigest()).append(reader.RowDigest());
  again.append(reader.SubjectSalt()).append(reader.RowSalt());
  for (gdpr::BodyColumn column; reader.Next(column);) {
    std::array<char, gdpr::kColumnHeadBytes> head;
    again.append(head.data(),
                 gdpr::PutColumnHead(head.data(), column.number, column.from.code, column.to.code));
    AppendSide(column.from, again);
    AppendSide(column.to, again);
  }
  gdpr::AuditChange change;
  change.n = 1;
  change.subject_type = "contact";
  if (reader.SubjectDigest().empty()) change.subject_key = "1";
  if (!reader.RowSalt().empty()) change.row_key = "2";
  const std::string seed(gdpr::kSaltBytes, 's');
  change.seed = seed;
  change.body = body;
  gdpr::Hash leaf{};
  gdpr::Hash erased_leaf{};
  const bool sound = maker.Leaf(gdpr::Hash{}, change, leaf);
  if (sound != reader.IsSound()) std::abort();
  const auto erased = maker.ErasedBody(change, {}, true, true);
  if (erased.has_value() != sound) std::abort();
  if (!sound) return 0;
  if (again != body) std::abort();
  gdpr::AuditChange gone = change;
  gone.seed = std::nullopt;
  gone.subject_key = gone.row_key = std::nullopt;
  gone.body = *erased;
  if (!maker.Leaf(gdpr::Hash{}, gone, erased_leaf) || erased_leaf != leaf) std::abort();
  gdpr::BodyReader rest(*erased);
  for (gdpr::BodyColumn column; rest.Next(column);) {
    if (column.from.IsReadable() || column.to.IsReadable()) std::abort();
  }
  return 0;
}
