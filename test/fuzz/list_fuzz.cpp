// SPDX-License-Identifier: PostgreSQL
// Any bytes are a list. However they are cut into pieces, the reader gives the same records; what
// is made of an encoding other than UTF-8 is UTF-8; what a list's format is either is found out or
// refused; a value that was let through is within its limits and is let through again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/list_encoding.hpp"
#include "core/list_format.hpp"

namespace {

void Demand(bool holds) {
  if (!holds) std::abort();
}

/// Records as one text; the line numbers must ascend.
std::string ReadIn(std::string_view list, gdpr::Dialect dialect, std::size_t piece) {
  gdpr::ListReader reader(dialect);
  gdpr::Record record;
  std::string all;
  std::int64_t line = 0;
  const auto drain = [&] {
    while (reader.Next(record)) {
      Demand(record.line > line);
      line = record.line;
      all += std::to_string(line) + static_cast<char>('0' + static_cast<int>(record.flaw));
      for (const std::string_view value : *record.values) {
        all += std::to_string(value.size()) + ':';
        all += value;
      }
    }
  };
  for (; !list.empty(); list.remove_prefix(std::min(piece, list.size()))) {
    reader.Feed(list.substr(0, piece));
    drain();
  }
  reader.End();
  drain();
  return all;
}

void CheckOnce(gdpr::ListKind kind, gdpr::AddressSort sort, std::string_view value) {
  if (gdpr::CheckValue(kind, sort, value) != gdpr::Reject::kNone) return;
  std::string sent;
  gdpr::AppendChecked(kind, value, sent);
  Demand(!sent.empty() && sent.size() <= gdpr::kMaxValue && gdpr::IsUtf8(sent));
  Demand(sent.find('\0') == std::string::npos);
  std::string_view again = sent;
  Demand(gdpr::CheckValue(kind, sort, again) == gdpr::Reject::kNone && again == sent);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t how = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const gdpr::DetectedEncoding detected = gdpr::DetectEncoding(bytes);
  std::string list;
  gdpr::Utf8Maker maker(detected.encoding);
  for (std::size_t at = detected.mark; at < bytes.size(); at += 3) {
    maker.Append(bytes.substr(at, 3), list);
  }
  maker.End(list);
  if (detected.encoding != gdpr::Encoding::kUtf8) Demand(gdpr::IsUtf8(list));

  const auto sort = static_cast<gdpr::AddressSort>(how % 3);
  gdpr::ListHints hints{.sort = sort};
  if ((how & 4U) != 0) hints.column = "2";
  gdpr::Dialect dialect{"\0,;\t"[how >> 3U & 3U], (how & 32U) != 0 ? '\r' : '\n'};
  try {
    const gdpr::ListFormat format = gdpr::DetectFormat(list, (how & 64U) != 0, hints);
    dialect = format.dialect;
    Demand(format.column < std::max<std::size_t>(format.columns, 1));
  } catch (const gdpr::Error& error) {
    Demand(error.sqlstate == "22023" && !error.hint.empty());
  }
  const std::string whole = ReadIn(list, dialect, list.size());
  Demand(ReadIn(list, dialect, 1) == whole);
  Demand(ReadIn(list, dialect, 1 + how) == whole);
  for (std::size_t kind = 0; kind < gdpr::kListKinds; ++kind) {
    CheckOnce(static_cast<gdpr::ListKind>(kind), sort, std::string_view(list).substr(0, 400));
  }
  return 0;
}
