// SPDX-License-Identifier: PostgreSQL
#include "core/spool_frame.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "core/sha256.hpp"

namespace gdpr {
namespace {

// An error of the server may jump over any of these
static_assert(std::is_trivially_destructible_v<FrameWriter>);
static_assert(std::is_trivially_destructible_v<FrameReader>);
static_assert(std::is_trivially_destructible_v<SpoolFrame>);
static_assert(std::is_trivially_destructible_v<EntryReader>);
static_assert(std::is_trivially_destructible_v<PersonSetReader>);

constexpr std::array<std::string_view, 3> kColumns = {"id", "e_mail", ""};
constexpr std::array<std::string_view, 3> kTexts = {"", "a", "b"};
constexpr std::array<std::int64_t, 4> kPeople = {7, 10, 11, 12};

HeaderFrame HeaderOf(std::uint32_t pid) {
  HeaderFrame header;
  header.identity = {0x0123456789ABCDEFU, 16384, pid, 848000000000000};
  header.system_id = 7301234567890123456;
  header.timeline = 3;
  header.standby = true;
  header.segment = 300;
  header.leader_pid = 4711;
  header.leader_started = -5;
  return header;
}

FactsFrame Facts() {
  FactsFrame facts;
  facts.number = 1;
  facts.session_role = "web";
  facts.acting_role = "agent";
  facts.purpose = "support";
  facts.application = "";
  return facts;
}

PlaceFrame Place() {
  PlaceFrame place;
  place.number = 2;
  place.relation = 50000;
  place.schema = "crm";
  place.name = "contact";
  place.column_count = kColumns.size();
  place.subject_type = "contact";
  place.link = 130;
  place.form = PeopleForm::kNumbers;
  place.native = true;
  return place;
}

StatementFrame Statement() {
  StatementFrame statement;
  statement.statement = std::uint64_t{848000000} << 30U | 5U;
  statement.at = 848000000123456;
  statement.start = StatementStart{1, 0xFEDCBA9876543210U, 'u', true, 5000000000};
  statement.end = ReadStatus::kComplete;
  statement.entry_count = 3;
  return statement;
}

void PutPlace(FrameWriter& writer) {
  const PlaceFrame place = Place();
  writer.BeginPlace(place);
  for (const std::string_view column : kColumns) writer.Column(column);
  writer.EndPlace(place);
}

void PutStatement(FrameWriter& writer) {
  writer.BeginStatement(Statement());
  writer.People(2, 9, kPeople);
  writer.Entry(3, ReadScope::kAll, 1000000);
  writer.Texts(4, 3, kTexts);
  writer.EndStatement();
}

void PutAll(FrameWriter& writer) {
  writer.Header(HeaderOf(99));
  writer.Facts(Facts());
  PutPlace(writer);
  PutStatement(writer);
  writer.Dropped({DropKind::kRefused, 12, -1, 848000000000000});
  writer.End();
}

std::string File() {
  std::array<char, 4096> buffer;
  FrameWriter writer;
  writer.UseBuffer(buffer.data(), buffer.size());
  PutAll(writer);
  EXPECT_FALSE(writer.IsFull());
  return std::string(writer.Pending());
}

// Where each frame begins, and the end.
std::vector<std::size_t> Offsets(std::string_view file) {
  FrameReader reader(file);
  std::vector<std::size_t> offsets = {0};
  for (SpoolFrame frame; reader.Next(frame) == FrameResult::kFrame;) {
    offsets.push_back(reader.Offset());
  }
  return offsets;
}

// What a server of today writes is read by the drain of tomorrow
TEST(SpoolFrame, GoldenBytes) {
  std::array<char, 1024> buffer;
  FrameWriter writer;
  writer.UseBuffer(buffer.data(), buffer.size());
  HeaderFrame header = HeaderOf(99);
  header.standby = false;
  header.leader_pid = 0;
  header.leader_started = 0;
  writer.Header(header);
  FactsFrame facts = Facts();
  facts.application.reset();
  writer.Facts(facts);
  StatementFrame statement = Statement();
  statement.start = StatementStart{1, 0xFEDCBA9876543210U, 's', false, 0};
  statement.entry_count = 1;
  constexpr std::int64_t kPerson = 42;
  writer.BeginStatement(statement);
  writer.People(2, 1, {&kPerson, 1});
  writer.EndStatement();
  writer.End();
  EXPECT_EQ(
      HexOf(writer.Pending()),
      "36000000defe104f480001efcdab8967452301c0bae4e827325365030000000000400000630000000000c562"
      "40030300ac02000000000000000000000000"
      "19000000cacd280646010103776562056167656e740107737570706f7274000000"
      "2e0000004c7e79b95302030500000000dda20c40e2c66240030300011032547698badcfe7300000000000000"
      "00004301025001020154"
      "02000000e787d9f04503");
}

TEST(SpoolFrame, WhatIsPutIsRead) {
  const std::string file = File();
  FrameReader reader(file);
  SpoolFrame frame;
  ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
  EXPECT_EQ(frame.type, FrameType::kHeader);
  EXPECT_EQ(frame.header, HeaderOf(99));
  ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
  EXPECT_EQ(frame.type, FrameType::kFacts);
  EXPECT_EQ(frame.facts, Facts());
  ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
  EXPECT_EQ(frame.type, FrameType::kPlace);
  NameReader names(frame.place);
  std::string_view name;
  for (const std::string_view column : kColumns) {
    ASSERT_TRUE(names.Next(name));
    EXPECT_EQ(name, column);
  }
  EXPECT_FALSE(names.Next(name));
  frame.place.columns = {};
  EXPECT_EQ(frame.place, Place());
  ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
  EXPECT_EQ(frame.type, FrameType::kStatement);
  EXPECT_EQ(frame.counter, 3U);
  frame.statement.entries = {};
  EXPECT_EQ(frame.statement, Statement());
  ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
  EXPECT_EQ(frame.type, FrameType::kDropped);
  EXPECT_EQ(frame.dropped, (DroppedFrame{DropKind::kRefused, 12, -1, 848000000000000}));
  ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
  EXPECT_EQ(frame.type, FrameType::kEnd);
  EXPECT_EQ(frame.counter, 5U);
  EXPECT_EQ(reader.Next(frame), FrameResult::kEnd);
}

TEST(SpoolFrame, EntriesAreRead) {
  const std::string file = File();
  FrameReader reader(file);
  SpoolFrame frame;
  while (reader.Next(frame) == FrameResult::kFrame && frame.type != FrameType::kStatement) {
  }
  EntryReader entries(frame.statement);
  SpoolEntry entry;
  ASSERT_TRUE(entries.Next(entry));
  EXPECT_EQ(entry.place, 2U);
  EXPECT_EQ(entry.scope, ReadScope::kPeople);
  EXPECT_EQ(entry.rows, 9U);
  PersonSetReader people(entry.people);
  std::int64_t person = 0;
  for (const std::int64_t expected : kPeople) {
    ASSERT_TRUE(people.Next(person));
    EXPECT_EQ(person, expected);
  }
  ASSERT_TRUE(entries.Next(entry));
  EXPECT_EQ(entry.scope, ReadScope::kAll);
  EXPECT_EQ(entry.rows, 1000000U);
  EXPECT_TRUE(entry.people.empty());
  ASSERT_TRUE(entries.Next(entry));
  TextSetReader texts(entry.people);
  std::string_view text;
  for (const std::string_view expected : kTexts) {
    ASSERT_TRUE(texts.Next(text));
    EXPECT_EQ(text, expected);
  }
  EXPECT_FALSE(texts.Next(text));
  EXPECT_TRUE(texts.IsSound());
  EXPECT_FALSE(entries.Next(entry));
  EXPECT_TRUE(entries.IsSound());
}

TEST(SpoolFrame, ManyPeopleHaveALengthOfSeveralBytes) {
  std::vector<std::int64_t> people;
  for (std::int64_t i = 0; i < 4096; ++i) people.push_back(i * 1000);
  std::vector<char> buffer(PersonSetBytes(people.size()));
  FrameWriter writer;
  writer.UseBuffer(buffer.data(), buffer.size());
  writer.Header(HeaderOf(1));
  StatementFrame statement;
  statement.entry_count = 1;
  writer.BeginStatement(statement);
  writer.People(1, people.size(), people);
  writer.EndStatement();
  FrameReader reader(writer.Pending());
  SpoolFrame frame;
  ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
  ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
  EntryReader entries(frame.statement);
  SpoolEntry entry;
  ASSERT_TRUE(entries.Next(entry));
  EXPECT_EQ(PersonSetSize(entry.people), people.size());
  EXPECT_TRUE(PersonSetContains(entry.people, 4095000));
}

TEST(SpoolFrame, AFrameThatDoesNotFitIsNotThere) {
  const std::string file = File();
  const std::vector<std::size_t> offsets = Offsets(file);
  std::vector<char> buffer(file.size() + 20);
  for (std::size_t size = 0; size <= file.size(); ++size) {
    FrameWriter writer;
    writer.UseBuffer(buffer.data(), size);
    buffer[size] = '#';
    PutAll(writer);
    EXPECT_EQ(buffer[size], '#');
    EXPECT_EQ(writer.IsFull(), size < file.size());
    std::size_t whole = 0;
    while (whole + 1 < offsets.size() && offsets[whole + 1] <= size) ++whole;
    EXPECT_EQ(writer.Pending(), file.substr(0, offsets[whole])) << size;
    EXPECT_EQ(writer.Counter(), whole);
  }
}

TEST(SpoolFrame, CountersGoOnWhenWrittenAndBackWhenNot) {
  std::array<char, 400> buffer;
  FrameWriter writer;
  writer.UseBuffer(buffer.data(), buffer.size());
  writer.Header(HeaderOf(1));
  writer.Clear();
  EXPECT_EQ(writer.Pending(), "");
  EXPECT_EQ(writer.Counter(), 1U);
  while (!writer.IsFull()) PutStatement(writer);
  EXPECT_GT(writer.Counter(), 1U);
  EXPECT_EQ(writer.Room(), 0U);
  writer.Undo();
  EXPECT_FALSE(writer.IsFull());
  EXPECT_EQ(writer.Room(), buffer.size());
  EXPECT_EQ(writer.Counter(), 1U);
  writer.BeginStatement(Statement());
  writer.End();
  EXPECT_EQ(writer.Counter(), 2U);
  EXPECT_EQ(writer.Pending().size(), kFrameHeadBytes + 2);
  const FrameMark mark = writer.Mark();
  while (!writer.IsFull()) PutStatement(writer);
  writer.Undo(mark);
  EXPECT_FALSE(writer.IsFull());
  EXPECT_EQ(writer.Counter(), 2U);
  EXPECT_EQ(writer.Pending().size(), kFrameHeadBytes + 2);
}

TEST(SpoolFrame, AFrameBeyondTheLimitIsNotWritten) {
  std::vector<char> buffer(2 * kFrameLimit);
  const std::string name(kFrameLimit, 'x');
  FrameWriter writer;
  writer.UseBuffer(buffer.data(), buffer.size());
  FactsFrame facts;
  facts.session_role = name;
  writer.Facts(facts);
  EXPECT_TRUE(writer.IsFull());
  EXPECT_EQ(writer.Pending(), "");
}

TEST(SpoolFrame, AFileThatEndsEarlyIsTorn) {
  const std::string file = File();
  const std::vector<std::size_t> offsets = Offsets(file);
  std::size_t whole = 0;
  for (std::size_t size = 0; size < file.size(); ++size) {
    if (offsets[whole + 1] == size) ++whole;
    const std::string_view cut = std::string_view(file).substr(0, size);
    FrameReader reader(cut);
    SpoolFrame frame;
    for (std::size_t i = 0; i < whole; ++i) ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
    EXPECT_EQ(reader.Next(frame), size == offsets[whole] ? FrameResult::kEnd : FrameResult::kTorn);
    EXPECT_EQ(reader.Offset(), offsets[whole]);
    EXPECT_EQ(reader.Skip(), 0U);
  }
}

// Flips of one to three bits within a frame, anywhere
TEST(SpoolFrame, FlippedBitsAreFoundAndTheOtherFramesStay) {
  std::mt19937_64 random(20009);
  const std::string file = File();
  const std::vector<std::size_t> offsets = Offsets(file);
  for (int i = 0; i < 10000; ++i) {
    const std::size_t hit = random() % (offsets.size() - 1);
    std::string damaged = file;
    for (std::uint64_t flips = random() % 3 + 1; flips > 0; --flips) {
      const std::size_t at = offsets[hit] + random() % (offsets[hit + 1] - offsets[hit]);
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << random() % 8);
    }
    if (damaged == file) continue;
    FrameReader reader(damaged, HeaderOf(99).identity);
    SpoolFrame frame;
    for (std::size_t n = 0; n < hit; ++n) ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
    // A length that grew looks like an end that is missing
    ASSERT_NE(reader.Next(frame), FrameResult::kFrame);
    ASSERT_EQ(reader.Offset(), offsets[hit]);
    const bool is_last = hit + 2 == offsets.size();
    ASSERT_EQ(reader.Skip(), is_last ? 0 : offsets[hit + 1] - offsets[hit]);
    if (is_last) continue;
    for (std::size_t n = hit + 1; n + 1 < offsets.size(); ++n) {
      ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
      ASSERT_EQ(frame.counter, n);
    }
    ASSERT_EQ(reader.Next(frame), FrameResult::kEnd);
  }
}

TEST(SpoolFrame, FramesOfAnotherFileAreNotTaken) {
  std::array<char, 4096> buffer;
  FrameWriter writer;
  writer.UseBuffer(buffer.data(), buffer.size());
  writer.Header(HeaderOf(1));
  writer.Facts(Facts());
  const std::string one(writer.Pending());
  writer.Clear();
  writer.Header(HeaderOf(2));
  const std::size_t header = writer.Pending().size();
  writer.Facts(Facts());
  const std::string other(writer.Pending());
  SpoolFrame frame;
  for (const std::string& file :
       {one + other, other + one, one + other.substr(header), one + one.substr(one.size() - 10)}) {
    FrameReader reader(file);
    ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
    ASSERT_EQ(reader.Next(frame), FrameResult::kFrame);
    EXPECT_NE(reader.Next(frame), FrameResult::kFrame);
    EXPECT_EQ(reader.Skip(), 0U);
  }
  const std::string twice = one + one.substr(one.find("\x46") - kFrameHeadBytes);
  FrameReader reader(twice);
  while (reader.Next(frame) == FrameResult::kFrame) {
  }
  EXPECT_EQ(reader.Offset(), one.size());
}

TEST(SpoolFrame, ZerosAreDamage) {
  const std::string file = File() + std::string(100, '\0');
  FrameReader reader(file);
  SpoolFrame frame;
  FrameResult result = FrameResult::kFrame;
  while (result == FrameResult::kFrame) result = reader.Next(frame);
  EXPECT_EQ(result, FrameResult::kDamaged);
}

TEST(SpoolFrame, LookingForAFrameEnds) {
  std::string file = File();
  const std::size_t sound = file.size();
  // Beginnings of long frames, one after the other
  for (int i = 0; i < 200000; ++i) file += std::string("\x00\x00\x08\x00xxxxS", 9);
  FrameReader reader(file);
  SpoolFrame frame;
  while (reader.Next(frame) == FrameResult::kFrame) {
  }
  EXPECT_EQ(reader.Offset(), sound);
  EXPECT_EQ(reader.Skip(), 0U);
}

}  // namespace
}  // namespace gdpr
