// SPDX-License-Identifier: PostgreSQL
#include "crc32c.hpp"
#include "spool_frame.hpp"

namespace gdpr {
namespace {

constexpr std::size_t kShortestBody = 2;
// Looking for a frame after damage: bytes that are checksummed at most. Texts in a spool come from
// users, who could write what looks like the beginnings of long frames.
constexpr std::size_t kSkipEffort = 64 * kFrameLimit;

std::int64_t TakeTime(ByteReader& bytes) {
  return static_cast<std::int64_t>(bytes.TakeFixed(8));
}

std::uint32_t TakeU32(ByteReader& bytes) {
  return static_cast<std::uint32_t>(bytes.TakeFixed(4));
}

MaybeText TakeMaybe(ByteReader& bytes) {
  if (!bytes.TakeBool()) return std::nullopt;
  return bytes.TakeText();
}

bool IsOneOf(std::string_view these, char c) {
  return these.find(c) != std::string_view::npos;
}

char TakeOneOf(ByteReader& bytes, std::string_view these) {
  const auto taken = static_cast<char>(bytes.TakeFixed(1));
  bytes.Demand(IsOneOf(these, taken));
  return taken;
}

void TakeHeader(ByteReader& bytes, HeaderFrame& header) {
  bytes.Demand(bytes.TakeFixed(1) == kSpoolVersion);
  header.identity.node = bytes.TakeFixed(8);
  header.system_id = bytes.TakeFixed(8);
  header.timeline = TakeU32(bytes);
  header.standby = bytes.TakeBool();
  header.identity.database = TakeU32(bytes);
  header.identity.pid = TakeU32(bytes);
  header.identity.started = TakeTime(bytes);
  header.segment = bytes.TakeVarint();
  header.leader_pid = TakeU32(bytes);
  header.leader_started = TakeTime(bytes);
}

void TakeFacts(ByteReader& bytes, FactsFrame& facts) {
  facts.number = bytes.TakeVarint();
  facts.session_role = bytes.TakeText();
  facts.acting_role = bytes.TakeText();
  facts.purpose = TakeMaybe(bytes);
  facts.app_user = TakeMaybe(bytes);
  facts.client_address = TakeMaybe(bytes);
  facts.application = TakeMaybe(bytes);
}

// What was taken since `before` was all that was left.
std::string_view TakenSince(std::string_view before, const ByteReader& bytes) {
  return before.substr(0, before.size() - bytes.Rest().size());
}

void TakePlace(ByteReader& bytes, PlaceFrame& place) {
  place.number = bytes.TakeVarint();
  place.relation = TakeU32(bytes);
  place.schema = bytes.TakeText();
  place.name = bytes.TakeText();
  place.column_count = bytes.TakeVarint();
  const std::string_view columns = bytes.Rest();
  for (std::uint64_t i = 0; i < place.column_count && bytes.IsSound(); ++i) bytes.TakeText();
  place.columns = TakenSince(columns, bytes);
  place.subject_type = TakeMaybe(bytes);
  place.link = bytes.TakeVarint();
  const std::uint64_t form = bytes.TakeFixed(1);
  bytes.Demand(form <= static_cast<std::uint64_t>(PeopleForm::kTexts));
  place.form = static_cast<PeopleForm>(form);
  place.native = bytes.TakeBool();
}

void TakeEntry(ByteReader& bytes, SpoolEntry& entry) {
  entry.place = bytes.TakeVarint();
  entry.scope = static_cast<ReadScope>(TakeOneOf(bytes, "PAUN"));
  entry.rows = bytes.TakeVarint();
  entry.people = {};
  if (entry.scope == ReadScope::kPeople) entry.people = bytes.TakeText();
}

void TakeStatement(ByteReader& bytes, StatementFrame& statement) {
  const std::uint64_t flags = bytes.TakeFixed(1);
  bytes.Demand((flags & ~std::uint64_t{kBeginsFlag | kEndsFlag}) == 0);
  statement.statement = bytes.TakeFixed(8);
  statement.at = TakeTime(bytes);
  statement.start.reset();
  statement.end.reset();
  if ((flags & kBeginsFlag) != 0) {
    StatementStart start;
    start.facts = bytes.TakeVarint();
    start.query = bytes.TakeFixed(8);
    start.command = TakeOneOf(bytes, "siudmc");
    start.engine = bytes.TakeBool();
    start.snapshot = bytes.TakeFixed(8);
    statement.start = start;
  }
  if ((flags & kEndsFlag) != 0) statement.end = static_cast<ReadStatus>(TakeOneOf(bytes, "CAL"));
  statement.entry_count = bytes.TakeVarint();
  statement.entries = bytes.Rest();
  SpoolEntry entry;
  for (std::uint64_t i = 0; i < statement.entry_count && bytes.IsSound(); ++i) {
    TakeEntry(bytes, entry);
  }
}

void TakeDropped(ByteReader& bytes, DroppedFrame& dropped) {
  const std::uint64_t kind = bytes.TakeFixed(1);
  bytes.Demand(kind <= static_cast<std::uint64_t>(DropKind::kRefused));
  dropped.kind = static_cast<DropKind>(kind);
  dropped.amount = bytes.TakeVarint();
  dropped.from = TakeTime(bytes);
  dropped.to = TakeTime(bytes);
}

// The whole of a body. False where it is none.
bool TakeBody(std::string_view body, SpoolFrame& frame) {
  ByteReader bytes(body);
  frame.type = static_cast<FrameType>(bytes.TakeFixed(1));
  frame.counter = bytes.TakeVarint();
  switch (frame.type) {
    case FrameType::kHeader:
      TakeHeader(bytes, frame.header);
      return bytes.IsDone();
    case FrameType::kFacts:
      TakeFacts(bytes, frame.facts);
      return bytes.IsDone();
    case FrameType::kPlace:
      TakePlace(bytes, frame.place);
      return bytes.IsDone();
    case FrameType::kStatement:
      TakeStatement(bytes, frame.statement);
      return bytes.IsDone();
    case FrameType::kDropped:
      TakeDropped(bytes, frame.dropped);
      return bytes.IsDone();
    case FrameType::kEnd:
      return bytes.IsDone();
  }
  return false;
}

}  // namespace

bool EntryReader::Next(SpoolEntry& entry) noexcept {
  if (left_ == 0 || !bytes_.IsSound()) return false;
  --left_;
  TakeEntry(bytes_, entry);
  return bytes_.IsSound();
}

bool TextSetReader::Next(std::string_view& text) noexcept {
  if (left_ == 0) {
    bytes_.Demand(bytes_.Rest().empty());
    return false;
  }
  --left_;
  text = bytes_.TakeText();
  bytes_.Demand(!last_ || *last_ < text);
  last_ = text;
  if (!bytes_.IsSound()) left_ = 0;
  return bytes_.IsSound();
}

FrameReader::FrameReader(std::string_view bytes, std::optional<SpoolIdentity> assumed) noexcept
    : bytes_(bytes) {
  if (assumed) seed_ = SpoolSeed(*assumed);
}

// The frame at an offset. Costs a checksum where the bytes look like a frame at all.
FrameResult FrameReader::Look(std::size_t offset, SpoolFrame& frame) const noexcept {
  const std::string_view rest = bytes_.substr(offset);
  if (rest.empty()) return FrameResult::kEnd;
  if (rest.size() < kFrameHeadBytes) return FrameResult::kTorn;
  ByteReader head(rest);
  const std::size_t length = head.TakeFixed(4);
  const std::uint32_t crc = TakeU32(head);
  if (length < kShortestBody || length > kFrameLimit) return FrameResult::kDamaged;
  if (length > head.Rest().size()) return FrameResult::kTorn;
  const std::string_view body = head.Take(length);
  const bool is_header = body[0] == static_cast<char>(FrameType::kHeader);
  if (is_header != (offset == 0) || !IsOneOf("HFPSED", body[0])) return FrameResult::kDamaged;
  if (!is_header && !seed_) return FrameResult::kDamaged;
  const std::uint32_t seed = is_header ? 0 : *seed_;
  if (Crc32c(body, Crc32c(rest.substr(0, 4), seed)) != crc) return FrameResult::kDamaged;
  frame.offset = offset;
  frame.size = kFrameHeadBytes + length;
  if (!TakeBody(body, frame) || frame.counter < least_counter_) return FrameResult::kDamaged;
  return FrameResult::kFrame;
}

FrameResult FrameReader::Next(SpoolFrame& frame) noexcept {
  const FrameResult result = Look(offset_, frame);
  if (result != FrameResult::kFrame) return result;
  if (frame.type == FrameType::kHeader) seed_ = SpoolSeed(frame.header.identity);
  offset_ += frame.size;
  least_counter_ = frame.counter + 1;
  return result;
}

std::size_t FrameReader::Skip() noexcept {
  SpoolFrame frame;
  std::size_t effort = 0;
  for (std::size_t offset = offset_ + 1; offset < bytes_.size() && effort < kSkipEffort; ++offset) {
    if (Look(offset, frame) == FrameResult::kFrame) {
      const std::size_t skipped = offset - offset_;
      offset_ = offset;
      return skipped;
    }
    ByteReader head(bytes_.substr(offset));
    const std::size_t length = head.TakeFixed(4);
    if (length <= head.Rest().size()) effort += length;
  }
  return 0;
}

}  // namespace gdpr
