// SPDX-License-Identifier: PostgreSQL
// The bytes of the spool: what a server process writes about reads before their rows leave, and the
// drain takes into tables.
// A file is a sequence of frames: u32 length of the body, u32 CRC-32C, body. The checksum is over
// length and body, and goes on from that of the writer's identity (24 bytes): a frame that came
// from another file fails. The body: u8 type, varint counter, payload. The counter has no gap over
// all files of a process. In payloads, texts have a varint length before them, "?" is a byte 0 or 1
// and then the field; fixed numbers are little-endian.
//   H header, first of each file and only there (its checksum goes on from nothing): u8 version,
//     u64 node, u64 system id, u32 timeline, u8 standby, u32 database, u32 pid, i64 started,
//     varint segment, u32 leader's pid, i64 leader's started (0: no parallel worker)
//   F facts: varint number, texts session role, acting role, purpose?, application user?, client
//     address?, application?
//   P place: varint number, u32 relation, texts schema, name, varint count of columns, their names,
//     subject type?, varint link, u8 form, u8 native
//   S statement: u8 flags, u64 statement, i64 at; if it begins: varint facts, u64 query, u8
//   command,
//     u8 engine, u64 snapshot; if it ends: u8 status; varint count of entries, each: varint place,
//     u8 scope, varint rows, and for scope P a text that is a set of people
//   E the process ends by itself
//   D dropped: u8 kind, varint amount, i64 from, i64 to
// Facts and places are valid in their file. Writing does not allocate or throw, and what writes and
// reads has no destructor: an error of the server may jump over all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "bytes.hpp"
#include "person_set.hpp"

namespace gdpr {

constexpr std::uint8_t kSpoolVersion = 1;
constexpr std::size_t kFrameHeadBytes = 8;
/// The longest body that a frame can have.
constexpr std::size_t kFrameLimit = std::size_t{1} << 20U;

/// Flags of a statement's frame: it begins here, it ends here.
constexpr std::uint8_t kBeginsFlag = 1;
constexpr std::uint8_t kEndsFlag = 2;

enum class FrameType : char {
  kHeader = 'H',
  kFacts = 'F',
  kPlace = 'P',
  kStatement = 'S',
  kEnd = 'E',
  kDropped = 'D',
};

/// Who writes: what the checksum of each frame depends on.
struct SpoolIdentity {
  std::uint64_t node = 0;
  std::uint32_t database = 0;
  std::uint32_t pid = 0;
  std::int64_t started = 0;  // microseconds since 2000, as all times here

  bool operator==(const SpoolIdentity&) const = default;
};

struct HeaderFrame {
  SpoolIdentity identity;
  std::uint64_t system_id = 0;
  std::uint32_t timeline = 0;
  bool standby = false;
  std::uint64_t segment = 0;
  std::uint32_t leader_pid = 0;  // 0: not a parallel worker
  std::int64_t leader_started = 0;

  bool operator==(const HeaderFrame&) const = default;
};

using MaybeText = std::optional<std::string_view>;

/// Who reads, as the session describes itself.
struct FactsFrame {
  std::uint64_t number = 0;
  std::string_view session_role;
  std::string_view acting_role;
  MaybeText purpose;
  MaybeText app_user;
  MaybeText client_address;
  MaybeText application;

  bool operator==(const FactsFrame&) const = default;
};

/// How people are written in the entries of a place.
enum class PeopleForm : std::uint8_t {
  kNone = 0,     // rows of nobody, or people unknown
  kNumbers = 1,  // a set (person_set.hpp)
  kTexts = 2,    // a set of texts (TextSetReader)
};

/// What is read. `columns` is read with NameReader, and written with FrameWriter::Column().
struct PlaceFrame {
  std::uint64_t number = 0;
  std::uint32_t relation = 0;
  std::string_view schema;
  std::string_view name;
  std::uint64_t column_count = 0;
  std::string_view columns;  // when read: their bytes
  MaybeText subject_type;
  std::uint64_t link = 0;  // 0: the relation's own key
  PeopleForm form = PeopleForm::kNone;
  bool native = false;  // numbers are the keys of people, and not values of the link

  bool operator==(const PlaceFrame&) const = default;
};

enum class ReadScope : char { kPeople = 'P', kAll = 'A', kUnknown = 'U', kNobody = 'N' };
enum class ReadStatus : char { kComplete = 'C', kAborted = 'A', kLeftOpen = 'L' };

/// What is said of a statement where its record begins.
struct StatementStart {
  std::uint64_t facts = 0;
  std::uint64_t query = 0;
  char command = 's';  // s select, i insert, u update, d delete, m merge, c copy
  bool engine = false;
  std::uint64_t snapshot = 0;

  bool operator==(const StatementStart&) const = default;
};

/// A statement, or a part of it. `entries` is read with EntryReader, and written with
/// FrameWriter::Entry(), People() and Texts().
struct StatementFrame {
  std::uint64_t statement = 0;
  std::int64_t at = 0;
  std::optional<StatementStart> start;
  std::optional<ReadStatus> end;
  std::uint64_t entry_count = 0;
  std::string_view entries;  // when read: their bytes

  bool operator==(const StatementFrame&) const = default;
};

struct SpoolEntry {
  std::uint64_t place = 0;
  ReadScope scope = ReadScope::kUnknown;
  std::uint64_t rows = 0;
  std::string_view people;  // kPeople: a set, in the form of the place
};

enum class DropKind : std::uint8_t { kDropped = 0, kRefused = 1 };

struct DroppedFrame {
  DropKind kind = DropKind::kDropped;
  std::uint64_t amount = 0;
  std::int64_t from = 0;
  std::int64_t to = 0;

  bool operator==(const DroppedFrame&) const = default;
};

/// What checksums of a writer's frames go on from.
std::uint32_t SpoolSeed(const SpoolIdentity& identity) noexcept;

/// A place between two frames that are pending.
struct FrameMark {
  std::size_t size = 0;
  std::uint64_t counter = 0;
};

/// Builds frames in a buffer of the caller, one after the other, for one write. A frame that does
/// not fit is not there at all, and IsFull() says so: after that nothing is taken until Clear() or
/// Undo(). So a caller can append definitions and what uses them, and look once at the end.
class FrameWriter {
 public:
  constexpr FrameWriter() noexcept = default;

  /// Where to write. What was pending is forgotten. The counter goes on.
  void UseBuffer(char* buffer, std::size_t size) noexcept;

  /// The first frame of a file. From it on, frames are the header's process's.
  void Header(const HeaderFrame& header) noexcept;
  void Facts(const FactsFrame& facts) noexcept;
  void End() noexcept;
  void Dropped(const DroppedFrame& dropped) noexcept;

  /// A place, then Column() as often as place.column_count says, then EndPlace().
  void BeginPlace(const PlaceFrame& place) noexcept;
  void Column(std::string_view name) noexcept;
  void EndPlace(const PlaceFrame& place) noexcept;

  /// A statement, then as many entries as statement.entry_count says, then EndStatement(). `scope`
  /// is not kPeople. People are ascending, no two equal (SortPeople()); texts so, too.
  void BeginStatement(const StatementFrame& statement) noexcept;
  void Entry(std::uint64_t place, ReadScope scope, std::uint64_t rows) noexcept;
  void People(std::uint64_t place, std::uint64_t rows,
              std::span<const std::int64_t> people) noexcept;
  void Texts(std::uint64_t place, std::uint64_t rows,
             std::span<const std::string_view> texts) noexcept;
  void EndStatement() noexcept;

  /// The frames that are complete.
  std::string_view Pending() const noexcept { return {buffer_, frame_}; }
  bool IsFull() const noexcept { return full_; }
  /// Bytes that a next frame may take, with its head.
  std::size_t Room() const noexcept { return full_ ? 0 : size_ - frame_; }
  /// The number of the next frame.
  std::uint64_t Counter() const noexcept { return counter_; }

  /// What was pending is written: forgets it, and the flag.
  void Clear() noexcept;
  /// Frames since then are not written and will not be: the next ones get their numbers. Forgets
  /// the flag. (To let a loss show as a gap instead: Clear().)
  void Undo() noexcept { Undo(cleared_); }
  void Undo(const FrameMark& to) noexcept;
  /// After the last complete frame. Valid until Clear().
  FrameMark Mark() const noexcept { return {frame_, counter_}; }

 private:
  void Begin(FrameType type) noexcept;
  void Finish(std::uint32_t seed) noexcept;
  bool Needs(std::size_t bytes) noexcept;
  void Byte(std::uint8_t byte) noexcept { Fixed(byte, 1); }
  void Fixed(std::uint64_t value, std::size_t size) noexcept;
  void Varint(std::uint64_t value) noexcept;
  void Text(std::string_view text) noexcept;
  void Maybe(MaybeText text) noexcept;
  void CloseText(std::size_t start) noexcept;

  char* buffer_ = nullptr;
  std::size_t size_ = 0;
  std::size_t frame_ = 0;  // where the frame in work begins
  std::size_t at_ = 0;     // where its next byte goes
  std::uint64_t counter_ = 0;
  FrameMark cleared_;
  std::uint32_t seed_ = 0;
  bool full_ = false;
};

/// Names of a place: its columns.
class NameReader {
 public:
  explicit NameReader(const PlaceFrame& place) noexcept
      : bytes_(place.columns), left_(place.column_count) {}

  bool Next(std::string_view& name) noexcept {
    if (left_ == 0) return false;
    --left_;
    name = bytes_.TakeText();
    return bytes_.IsSound();
  }

 private:
  ByteReader bytes_;
  std::uint64_t left_;
};

/// Entries of a statement.
class EntryReader {
 public:
  explicit EntryReader(const StatementFrame& statement) noexcept
      : EntryReader(statement.entries, statement.entry_count) {}
  EntryReader(std::string_view entries, std::uint64_t count) noexcept
      : bytes_(entries), left_(count) {}

  bool Next(SpoolEntry& entry) noexcept;
  /// After Next() said false: whether all was entries.
  bool IsSound() const noexcept { return bytes_.IsDone(); }

 private:
  ByteReader bytes_;
  std::uint64_t left_;
};

/// A set of texts: varint count, texts, ascending byte by byte, no two equal. Used like
/// PersonSetReader.
class TextSetReader {
 public:
  explicit TextSetReader(std::string_view set) noexcept : bytes_(set), left_(bytes_.TakeVarint()) {}

  bool Next(std::string_view& text) noexcept;
  bool IsSound() const noexcept { return bytes_.IsSound(); }

 private:
  ByteReader bytes_;
  std::uint64_t left_;
  MaybeText last_;
};

/// A frame as it was read. Only the member of its type says anything; kEnd has none.
struct SpoolFrame {
  FrameType type = FrameType::kEnd;
  std::uint64_t counter = 0;
  std::size_t offset = 0;  // in the bytes of the reader
  std::size_t size = 0;    // with its head: the next one begins at offset + size
  HeaderFrame header;
  FactsFrame facts;
  PlaceFrame place;
  StatementFrame statement;
  DroppedFrame dropped;
};

enum class FrameResult {
  kFrame,
  kEnd,      // the bytes end after the last frame
  kTorn,     // they end within a frame: being written, or not written to its end
  kDamaged,  // from Offset() on they are not what was written
};

/// Reads the frames of a file:
///   FrameReader reader(bytes);
///   while (reader.Next(frame) == FrameResult::kFrame) …
/// Any bytes may be given: no frame is delivered that does not check.
class FrameReader {
 public:
  /// `bytes`: the file from its begin. `assumed`: who should have written it, by the name of the
  /// file; used to find frames after a header that is damaged.
  explicit FrameReader(std::string_view bytes,
                       std::optional<SpoolIdentity> assumed = std::nullopt) noexcept;

  FrameResult Next(SpoolFrame& frame) noexcept;

  /// After kDamaged or kTorn: goes to the next frame that checks, where there is one; Next()
  /// delivers it. Returns how many bytes were left out, 0: there is no further frame.
  std::size_t Skip() noexcept;

  /// Where the next frame begins, or where reading stopped.
  std::size_t Offset() const noexcept { return offset_; }

 private:
  FrameResult Look(std::size_t offset, SpoolFrame& frame) const noexcept;

  std::string_view bytes_;
  std::size_t offset_ = 0;
  std::optional<std::uint32_t> seed_;
  std::uint64_t least_counter_ = 0;
};

}  // namespace gdpr
