// SPDX-License-Identifier: PostgreSQL
// Any bytes are a spool file or none, and reading one ends. Random bytes never check, so frames are
// made of the input, too: their checksums are right and their bodies anything. What is delivered is
// what a writer writes: written again it is the same.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/crc32c.hpp"
#include "core/spool_frame.hpp"

namespace {

constexpr std::size_t kBuffer = 1 << 16;

void Demand(bool holds) {
  if (!holds) std::abort();
}

void AppendFrame(std::string_view body, std::uint32_t seed, std::string& file) {
  std::array<char, gdpr::kFrameHeadBytes> head;
  gdpr::PutFixed(head.data(), body.size(), 4);
  const std::uint32_t crc = gdpr::Crc32c(body, gdpr::Crc32c({head.data(), 4}, seed));
  gdpr::PutFixed(head.data() + 4, crc, 4);
  file.append(head.data(), head.size()).append(body);
}

// The frame as a writer would write it, its entries copied: their sets need not be sound.
bool WriteAgain(const gdpr::SpoolFrame& frame, gdpr::FrameWriter& writer) {
  switch (frame.type) {
    case gdpr::FrameType::kHeader:
      writer.Header(frame.header);
      return true;
    case gdpr::FrameType::kFacts:
      writer.Facts(frame.facts);
      return true;
    case gdpr::FrameType::kDropped:
      writer.Dropped(frame.dropped);
      return true;
    case gdpr::FrameType::kEnd:
      writer.End();
      return true;
    case gdpr::FrameType::kPlace: {
      writer.BeginPlace(frame.place);
      gdpr::NameReader names(frame.place);
      for (std::string_view name; names.Next(name);) writer.Column(name);
      writer.EndPlace(frame.place);
      return true;
    }
    case gdpr::FrameType::kStatement: {
      writer.BeginStatement(frame.statement);
      gdpr::EntryReader entries(frame.statement);
      bool same = true;
      for (gdpr::SpoolEntry entry; entries.Next(entry);) {
        if (entry.scope != gdpr::ReadScope::kPeople) {
          writer.Entry(entry.place, entry.scope, entry.rows);
          continue;
        }
        gdpr::TextSetReader texts(entry.people);
        std::vector<std::string_view> all;
        for (std::string_view text; texts.Next(text);) all.push_back(text);
        same = same && texts.IsSound();
        writer.Texts(entry.place, entry.rows, all);
      }
      Demand(entries.IsSound());
      writer.EndStatement();
      return same;
    }
  }
  return false;
}

void Read(std::string_view file) {
  gdpr::FrameReader reader(file, gdpr::SpoolIdentity{});
  gdpr::SpoolFrame frame;
  std::size_t last = 0;
  for (;;) {
    const gdpr::FrameResult result = reader.Next(frame);
    Demand(reader.Offset() >= last && reader.Offset() <= file.size());
    last = reader.Offset();
    if (result == gdpr::FrameResult::kFrame) {
      Demand(frame.offset + frame.size == last);
      std::vector<char> buffer(kBuffer);
      gdpr::FrameWriter writer;
      writer.UseBuffer(buffer.data(), buffer.size());
      const bool same = WriteAgain(frame, writer);
      // Counters of a fresh writer are 0: one byte, as in frames made here
      if (same && frame.counter == 0 && !writer.IsFull()) {
        const std::string_view body = file.substr(frame.offset, frame.size).substr(8);
        Demand(writer.Pending().substr(8) == body);
      }
      continue;
    }
    if (result == gdpr::FrameResult::kEnd) return;
    const std::size_t skipped = reader.Skip();
    if (skipped == 0) return;
    Demand(reader.Offset() == last + skipped);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Read(input);
  if (input.empty()) return 0;
  // Two frames, with a seed that either goes on from nothing or from the identity Read() assumes
  const std::size_t cut = static_cast<unsigned char>(input[0]);
  input.remove_prefix(1);
  std::string file;
  AppendFrame(input.substr(0, cut), 0, file);
  if (cut < input.size()) {
    AppendFrame(input.substr(cut), gdpr::SpoolSeed(gdpr::SpoolIdentity{}), file);
  }
  Read(file);
  return 0;
}
