// SPDX-License-Identifier: PostgreSQL
#include <array>
#include <cstring>

#include "crc32c.hpp"
#include "spool_frame.hpp"

namespace gdpr {
namespace {

constexpr std::size_t kIdentityBytes = 24;

}  // namespace

std::uint32_t SpoolSeed(const SpoolIdentity& identity) noexcept {
  std::array<char, kIdentityBytes> bytes;
  char* at = PutFixed(bytes.data(), identity.node, 8);
  at = PutFixed(at, identity.database, 4);
  at = PutFixed(at, identity.pid, 4);
  PutFixed(at, static_cast<std::uint64_t>(identity.started), 8);
  return Crc32c({bytes.data(), bytes.size()});
}

void FrameWriter::UseBuffer(char* buffer, std::size_t size) noexcept {
  buffer_ = buffer;
  size_ = size;
  Clear();
}

void FrameWriter::Clear() noexcept {
  frame_ = at_ = 0;
  cleared_ = Mark();
  full_ = false;
}

void FrameWriter::Undo(const FrameMark& to) noexcept {
  frame_ = at_ = to.size;
  counter_ = to.counter;
  full_ = false;
}

bool FrameWriter::Needs(std::size_t bytes) noexcept {
  if (full_ || bytes > size_ - at_) full_ = true;
  return !full_;
}

void FrameWriter::Fixed(std::uint64_t value, std::size_t size) noexcept {
  if (!Needs(size)) return;
  PutFixed(buffer_ + at_, value, size);
  at_ += size;
}

void FrameWriter::Varint(std::uint64_t value) noexcept {
  if (size_ - at_ >= kVarint64Bytes) [[likely]] {
    at_ = static_cast<std::size_t>(PutVarint(buffer_ + at_, value) - buffer_);
    return;
  }
  std::array<char, kVarint64Bytes> bytes;
  const auto size = static_cast<std::size_t>(PutVarint(bytes.data(), value) - bytes.data());
  if (!Needs(size)) return;
  std::memcpy(buffer_ + at_, bytes.data(), size);
  at_ += size;
}

void FrameWriter::Text(std::string_view text) noexcept {
  Varint(text.size());
  if (!Needs(text.size()) || text.empty()) return;
  std::memcpy(buffer_ + at_, text.data(), text.size());
  at_ += text.size();
}

void FrameWriter::Maybe(MaybeText text) noexcept {
  Byte(text ? 1 : 0);
  if (text) Text(*text);
}

void FrameWriter::Begin(FrameType type) noexcept {
  at_ = frame_;  // a frame that was begun and not ended is gone
  if (!Needs(kFrameHeadBytes)) return;
  at_ = frame_ + kFrameHeadBytes;
  Byte(static_cast<std::uint8_t>(type));
  Varint(counter_);
}

void FrameWriter::Finish(std::uint32_t seed) noexcept {
  const std::size_t length = at_ - frame_ - kFrameHeadBytes;
  if (full_ || length > kFrameLimit) {
    full_ = true;
    at_ = frame_;
    return;
  }
  char* head = buffer_ + frame_;
  PutFixed(head, length, 4);
  const std::uint32_t crc = Crc32c({head + kFrameHeadBytes, length}, Crc32c({head, 4}, seed));
  PutFixed(head + 4, crc, 4);
  frame_ = at_;
  ++counter_;
}

void FrameWriter::Header(const HeaderFrame& header) noexcept {
  seed_ = SpoolSeed(header.identity);
  Begin(FrameType::kHeader);
  Byte(kSpoolVersion);
  Fixed(header.identity.node, 8);
  Fixed(header.system_id, 8);
  Fixed(header.timeline, 4);
  Byte(header.standby ? 1 : 0);
  Fixed(header.identity.database, 4);
  Fixed(header.identity.pid, 4);
  Fixed(static_cast<std::uint64_t>(header.identity.started), 8);
  Varint(header.segment);
  Fixed(header.leader_pid, 4);
  Fixed(static_cast<std::uint64_t>(header.leader_started), 8);
  Finish(0);
}

void FrameWriter::Facts(const FactsFrame& facts) noexcept {
  Begin(FrameType::kFacts);
  Varint(facts.number);
  Text(facts.session_role);
  Text(facts.acting_role);
  Maybe(facts.purpose);
  Maybe(facts.app_user);
  Maybe(facts.client_address);
  Maybe(facts.application);
  Finish(seed_);
}

void FrameWriter::End() noexcept {
  Begin(FrameType::kEnd);
  Finish(seed_);
}

void FrameWriter::Dropped(const DroppedFrame& dropped) noexcept {
  Begin(FrameType::kDropped);
  Byte(static_cast<std::uint8_t>(dropped.kind));
  Varint(dropped.amount);
  Fixed(static_cast<std::uint64_t>(dropped.from), 8);
  Fixed(static_cast<std::uint64_t>(dropped.to), 8);
  Finish(seed_);
}

void FrameWriter::BeginPlace(const PlaceFrame& place) noexcept {
  Begin(FrameType::kPlace);
  Varint(place.number);
  Fixed(place.relation, 4);
  Text(place.schema);
  Text(place.name);
  Varint(place.column_count);
}

void FrameWriter::Column(std::string_view name) noexcept {
  Text(name);
}

void FrameWriter::EndPlace(const PlaceFrame& place) noexcept {
  Maybe(place.subject_type);
  Varint(place.link);
  Byte(static_cast<std::uint8_t>(place.form));
  Byte(place.native ? 1 : 0);
  Finish(seed_);
}

void FrameWriter::BeginStatement(const StatementFrame& statement) noexcept {
  Begin(FrameType::kStatement);
  Byte((statement.start ? kBeginsFlag : 0) | (statement.end ? kEndsFlag : 0));
  Fixed(statement.statement, 8);
  Fixed(static_cast<std::uint64_t>(statement.at), 8);
  if (statement.start) {
    Varint(statement.start->facts);
    Fixed(statement.start->query, 8);
    Byte(static_cast<std::uint8_t>(statement.start->command));
    Byte(statement.start->engine ? 1 : 0);
    Fixed(statement.start->snapshot, 8);
  }
  if (statement.end) Byte(static_cast<std::uint8_t>(*statement.end));
  Varint(statement.entry_count);
}

void FrameWriter::Entry(std::uint64_t place, ReadScope scope, std::uint64_t rows) noexcept {
  Varint(place);
  Byte(static_cast<std::uint8_t>(scope));
  Varint(rows);
}

// A set gets its length when it is there: one byte was left for it, and is enough for most.
void FrameWriter::CloseText(std::size_t start) noexcept {
  if (full_) return;
  std::array<char, kVarint64Bytes> length;
  const std::size_t text = at_ - start - 1;
  const auto size = static_cast<std::size_t>(PutVarint(length.data(), text) - length.data());
  if (size > 1) {
    if (!Needs(size - 1)) return;
    std::memmove(buffer_ + start + size, buffer_ + start + 1, text);
    at_ += size - 1;
  }
  std::memcpy(buffer_ + start, length.data(), size);
}

void FrameWriter::People(std::uint64_t place, std::uint64_t rows,
                         std::span<const std::int64_t> people) noexcept {
  Entry(place, ReadScope::kPeople, rows);
  const std::size_t start = at_;
  Byte(0);
  if (full_) return;
  char* end = PutPersonSet(buffer_ + at_, buffer_ + size_, people);
  if (end == nullptr) {
    full_ = true;
    return;
  }
  at_ = static_cast<std::size_t>(end - buffer_);
  CloseText(start);
}

void FrameWriter::Texts(std::uint64_t place, std::uint64_t rows,
                        std::span<const std::string_view> texts) noexcept {
  Entry(place, ReadScope::kPeople, rows);
  const std::size_t start = at_;
  Byte(0);
  Varint(texts.size());
  for (const std::string_view text : texts) Text(text);
  CloseText(start);
}

void FrameWriter::EndStatement() noexcept {
  Finish(seed_);
}

}  // namespace gdpr
